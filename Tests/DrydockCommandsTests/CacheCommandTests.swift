// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// `drydock cache`.
@Suite
struct CacheCommandTests {
    /// 2026-01-01, long before any test runs.
    private static let newYear: Int64 = 1_767_225_600

    /// Remembers a layer of some paths.
    private func remember(
        _ paths: [String],
        size: Int64,
        at time: Int64 = newYear,
        in directory: String
    ) throws {
        let measure = LayerMeasure(diffID: Digest(of: Array("\(size)".utf8)), size: size)
        try remember(paths, as: measure, at: time, in: directory)
    }

    private func remember(_ paths: [String], as measure: LayerMeasure, at time: Int64, in directory: String) throws {
        let key = LayerKey(
            formatVersion: 1,
            storeObjects: paths.map { LayerKey.StoreObject(path: $0, narHash: Digest(of: Array($0.utf8))) },
            owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
            modificationTime: 1
        )
        try LocalStore(at: directory, now: time).remember([key: measure])
    }

    private func run(_ arguments: String..., cache: String) async throws -> Command.Output {
        try await Command.run([DrydockProgram.path, "cache"] + arguments + ["--cache", cache])
    }

    @Test
    func `layers are listed for people and for programs`() async throws {
        try await withTemporaryDirectory { directory in
            try remember(["/nix/store/a", "/nix/store/b"], size: 1_210_000, in: directory)
            try remember(["/nix/store/c"], size: 512, at: Self.newYear + 86_400, in: directory)
            let text = try await run("ls", cache: directory)
            #expect(text.status == 0)
            #expect(text.errorText == "")
            #expect(
                text.text == """
                    KEY           DIFFID                                                                   SIZE     PATHS  USED
                    289496a35b58  sha256:94f8607915dff25f013e45fc0642fb9830b0fb25ab0ab46d477eaf1061def379  512 B    1      2026-01-02
                    f05b5c4e96d4  sha256:9434aae7f12e2f2bad70cb57340a98c3e4b84aefbeb3791ebae6a8d55f2f0404  1.21 MB  2      2026-01-01

                    2 layers, 1.21 MB, remembered in \(directory)
                    """
            )
            let json = try await run("ls", "--json", cache: directory)
            #expect(json.errorText == "")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.standardOutput)) as? [String: Any]
            )
            #expect(object.keys.sorted() == ["directory", "files", "layers"])
            #expect(object["directory"] as? String == directory)
            let layers = try #require(object["layers"] as? [[String: Any]])
            #expect(layers.count == 2)
            let layer = try #require(layers.last)
            #expect(layer.keys.sorted() == ["created", "diffID", "key", "paths", "size", "used"])
            #expect(layer["created"] as? String == "2026-01-01T00:00:00Z")
            #expect(layer["used"] as? String == "2026-01-01T00:00:00Z")
            #expect(layer["diffID"] as? String == "\(Digest(of: Array("1210000".utf8)))")
            #expect(layer["paths"] as? [String] == ["/nix/store/a", "/nix/store/b"])
            #expect(layer["size"] as? Int == 1_210_000)
        }
    }

    @Test
    func `a cache that is not there is empty and stays away`() async throws {
        try await withTemporaryDirectory { directory in
            let cache = directory + "/cache"
            let list = try await run("ls", cache: cache)
            #expect(list.text == "Nothing is remembered in \(cache)")
            let collection = try await run("gc", cache: cache)
            #expect(collection.text == "Forgot 0 of 0 layers in \(cache), freed 0 B")
            #expect(list.status == 0 && collection.status == 0)
            #expect(!FileManager.default.fileExists(atPath: cache))
        }
    }

    @Test
    func `what is unused or gone is forgotten`() async throws {
        try await withTemporaryDirectory { directory in
            let now = Int64(Date().timeIntervalSince1970)
            try remember(["/"], size: 1, in: directory)
            try remember(["/", "/etc"], size: 2, at: now, in: directory)
            try remember(["/", "/nowhere"], size: 3, at: now, in: directory)
            let text = try await run("gc", cache: directory).text
            #expect(text.hasPrefix("Forgot 2 of 3 layers in \(directory), freed "))
            #expect(try LocalStore(at: directory, now: now).layers().map(\.size) == [2])
            #expect(try await run("gc", "--older-than", "1d", cache: directory).text.hasPrefix("Forgot 0 of 1 layer "))
            let json = try await run("gc", "--older-than", "0m", "--json", cache: directory)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.standardOutput)) as? [String: Any]
            )
            #expect(object.keys.sorted() == ["directory", "freed", "remaining", "removed", "removedFiles"])
            #expect((object["removed"] as? [String])?.count == 1)
            #expect(object["remaining"] as? Int == 0)
        }
    }

    @Test
    func `everything is forgotten on demand`() async throws {
        try await withTemporaryDirectory { directory in
            try remember(["/"], size: 1, at: Int64(Date().timeIntervalSince1970), in: directory)
            #expect(try await run("gc", "--all", cache: directory).text.hasPrefix("Forgot 1 of 1 layer in "))
            #expect(try await run("ls", cache: directory).text == "Nothing is remembered in \(directory)")
        }
    }

    @Test
    func `what comes out differently is reported, forgotten, and a failure`() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/store/\(String(repeating: "0", count: 32))-x"
            try await Command.check(["mkdir", "-p", path])
            try remember([path], size: 5, in: directory)
            try remember([path, "\(path)-gone"], size: 6, at: Self.newYear - 1, in: directory)
            try remember([directory], size: 7, at: Self.newYear - 2, in: directory)
            let json = try await run("verify", "--json", cache: directory)
            #expect(json.status == 1)
            #expect(json.errorText == "")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.standardOutput)) as? [String: Any]
            )
            #expect(object.keys.sorted() == ["damaged", "directory", "files", "layers"])
            let layers = try #require(object["layers"] as? [[String: Any]])
            #expect(layers.compactMap { $0["outcome"] as? String } == ["wrong", "absent", "failed"])
            let wrong = try #require(layers.first)
            #expect(wrong.keys.sorted() == ["actual", "error", "expected", "key", "outcome"])
            #expect((wrong["expected"] as? [String: Any])?["size"] as? Int == 5)
            #expect((wrong["actual"] as? [String: Any])?["size"] as? Int == 10_240)
            let text = try await run("verify", cache: directory)
            #expect(text.status == 1)
            let keys = try LocalStore(at: directory, now: Self.newYear).layers().map {
                $0.key.digest.encoded.prefix(12)
            }
            try #require(keys.count == 2)
            let name = URL(fileURLWithPath: directory).lastPathComponent
            #expect(
                text.text == """
                    absent  \(keys[0])  \(path) and 1 more
                    failed  \(keys[1])  \(directory): '\(name)' is not a store path: its name does not start with 32 nix32 \
                    digits and '-'
                    Checked 2 layers in \(directory): 0 right, 0 wrong and forgotten, 1 of other store paths than are there \
                    now, 1 unreadable
                    """
            )
        }
    }

    @Test
    func `what comes out the same stays`() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/store/\(String(repeating: "0", count: 32))-x"
            try await Command.check(["mkdir", "-p", path])
            try remember([path], size: 5, in: directory)
            let json = try await run("verify", "--json", cache: directory)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.standardOutput)) as? [String: Any]
            )
            let layer = try #require((object["layers"] as? [[String: Any]])?.first?["actual"] as? [String: Any])
            let measure = LayerMeasure(
                diffID: try Digest(try #require(layer["diffID"] as? String)),
                size: try #require(layer["size"] as? Int64)
            )
            try remember([path], as: measure, at: Self.newYear, in: directory)
            let text = try await run("verify", cache: directory)
            #expect(text.status == 0)
            #expect(
                text.text == """
                    Checked 1 layer in \(directory): 1 right, 0 wrong and forgotten, 0 of other store paths than are there \
                    now, 0 unreadable
                    """
            )
        }
    }

    @Test(arguments: ["d", "-1d", "1", "1y", "1.5d", "99999999999999999999d", "1000001d"])
    func `a duration that is none is refused`(text: String) async throws {
        let output = try await run("gc", "--older-than=\(text)", cache: "/nowhere")
        #expect(output.status == 64)
        #expect(output.errorText.hasPrefix("Error: The value '\(text)' is invalid for '--older-than <duration>'"))
    }

    /// Variables, and where the cache is then.
    struct Place: CustomTestStringConvertible {
        let variables: [String: String]
        let directory: String

        var testDescription: String { "\(variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })" }
    }

    @Test(arguments: [
        Place(variables: ["HOME": "/h"], directory: "/h/.cache/drydock"),
        Place(variables: ["HOME": "/h", "XDG_CACHE_HOME": "/x"], directory: "/x/drydock"),
        Place(variables: ["HOME": "/h", "XDG_CACHE_HOME": ""], directory: "/h/.cache/drydock"),
        Place(variables: ["HOME": "/h", "XDG_CACHE_HOME": "relative"], directory: "/h/.cache/drydock"),
        Place(variables: ["XDG_CACHE_HOME": "/x", "DRYDOCK_CACHE": "/d/"], directory: "/d"),
        Place(variables: ["XDG_CACHE_HOME": "/x", "DRYDOCK_CACHE": "d"], directory: "/tmp/d"),
        Place(variables: ["HOME": "", "XDG_CACHE_HOME": "/x", "DRYDOCK_CACHE": ""], directory: "/x/drydock"),
    ])
    func `the environment says where the cache is`(place: Place) async throws {
        let output = try await Command.run(
            [DrydockProgram.path, "cache", "ls"],
            environment: place.variables,
            in: "/tmp"
        )
        #expect(output.text == "Nothing is remembered in \(place.directory)")
    }

    @Test
    func `without a home there is no place for a cache`() async throws {
        let output = try await Command.run([DrydockProgram.path, "cache", "ls"], environment: ["HOME": ""])
        #expect(output.status == 1)
        #expect(
            output.errorText == """
                Error: There is no place for a cache: neither DRYDOCK_CACHE nor XDG_CACHE_HOME nor HOME is set
                hint: name a directory with --cache
                """
        )
    }

    @Test
    func `a damaged cache is a warning, one that cannot be used an error`() async throws {
        try await withTemporaryDirectory { directory in
            try Data("not a database".utf8).write(to: URL(fileURLWithPath: directory + "/digests.sqlite"))
            let damaged = try await run("ls", cache: directory)
            #expect(damaged.status == 0)
            #expect(
                damaged.errorText
                    == "warning: The cache '\(directory)/digests.sqlite' was damaged and is begun anew; "
                    + "the damaged file is now '\(directory)/digests.sqlite.damaged'"
            )
            #expect(damaged.text == "Nothing is remembered in \(directory)")
            try await Command.check(["chmod", "0777", directory])
            let open = try await run("ls", cache: directory)
            #expect(open.status == 1)
            #expect(
                open.errorText == """
                    Error: The cache '\(directory)' may be written by every user of this machine
                    hint: take the permission away: chmod o-w '\(directory)'
                    """
            )
        }
    }
}
