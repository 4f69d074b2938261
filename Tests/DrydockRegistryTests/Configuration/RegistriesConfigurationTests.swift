// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// The file `registries.conf`, version 2.
@Suite
struct RegistriesConfigurationTests {
    private static let file = """
        unqualified-search-registries = ["docker.io"]
        short-name-mode = "permissive"

        [[registry]]
        prefix = "docker.io"
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.example:5000/hub"
        insecure = true
        [[registry.mirror]]
        location = "second.example"
        pull-from-mirror = "digest-only"

        [[registry]]
        prefix = "docker.io/library/secret"
        blocked = true

        [[registry]]
        prefix = "old.example/team"
        location = "new.example/group/team"

        [[registry]]
        location = "10.0.0.1:5000"
        insecure = true
        mirror-by-digest-only = true
        mirror = [{location = "m.example"}]

        [[registry]]
        prefix = "*.dev.example"
        insecure = true
        """

    private func configuration(_ text: String) throws -> RegistriesConfiguration {
        try RegistriesConfiguration(rules: RegistriesConfiguration.rules(parsing: Array(text.utf8), path: "/r.conf"))
    }

    /// A repository and where it is.
    struct Case: CustomTestStringConvertible {
        let registry: String
        let repository: String
        let places: [String]

        var testDescription: String { "\(registry)/\(repository)" }
    }

    @Test(arguments: [
        Case(
            registry: "docker.io",
            repository: "library/redis",
            places: [
                "mirror.example:5000/hub/library/redis insecure all", "second.example/library/redis secure digest-only",
                "docker.io/library/redis secure all",
            ]
        ),
        Case(registry: "old.example", repository: "team/a", places: ["new.example/group/team/a secure all"]),
        Case(registry: "old.example", repository: "teams/a", places: ["old.example/teams/a secure all"]),
        Case(
            registry: "10.0.0.1:5000",
            repository: "x",
            places: ["m.example/x secure digest-only", "10.0.0.1:5000/x insecure all"]
        ),
        Case(registry: "a.b.dev.example", repository: "x", places: ["a.b.dev.example/x insecure all"]),
        Case(registry: "dev.example", repository: "x", places: ["dev.example/x secure all"]),
        Case(registry: "quay.io", repository: "x/y", places: ["quay.io/x/y secure all"]),
    ])
    func `the longest prefix decides where a repository is`(example: Case) throws {
        let found = try configuration(Self.file).locations(registry: example.registry, repository: example.repository)
        let texts = (found.mirrors + [found.primary]).map {
            "\($0.registry)/\($0.repository) \($0.isInsecure ? "insecure" : "secure") \($0.use.rawValue)"
        }
        #expect(texts == example.places)
    }

    @Test
    func `a blocked registry is an error that names the file`() throws {
        let configuration = try configuration(Self.file)
        let failure = #expect(throws: RegistryConfigurationFailure.self) {
            try configuration.locations(registry: "docker.io", repository: "library/secret")
        }
        #expect(failure.map { "\($0)" } == "'docker.io/library/secret' is blocked by '/r.conf'")
    }

    /// A file that cannot be used, and what is said of it.
    struct Fault: CustomTestStringConvertible {
        let file: String
        let message: String

        var testDescription: String { message }
    }

    @Test(arguments: [
        Fault(file: "a = 1\n[[registry]\n", message: "Cannot read '/r.conf': line 2, column 12: expected ']'"),
        Fault(file: "registry = 1", message: "Cannot read '/r.conf': 'registry': expected tables [[registry]]"),
        Fault(
            file: "[[registry]]\ninsecure = true",
            message: "Cannot read '/r.conf': 'registry[0].prefix': it or 'location' has to be there"
        ),
        Fault(
            file: "[[registry]]\nlocation = 'a.b'\ninsecure = 'yes'",
            message: "Cannot read '/r.conf': 'registry[0].insecure': expected true or false"
        ),
        Fault(
            file: "[[registry]]\nlocation = 'https://a.b'",
            message: "Cannot read '/r.conf': 'registry[0].location': expected a registry without a scheme"
        ),
        Fault(
            file: "[[registry]]\nlocation = '*.b'",
            message: "Cannot read '/r.conf': 'registry[0].location': expected a registry with an optional namespace"
        ),
        Fault(
            file: "[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\ninsecure = true",
            message: "Cannot read '/r.conf': 'registry[0].mirror[0].location': is missing"
        ),
        Fault(
            file: "[[registry]]\nlocation='a.b'\n[[registry.mirror]]\nlocation='m'\npull-from-mirror='some'",
            message: "Cannot read '/r.conf': 'registry[0].mirror[0].pull-from-mirror': "
                + "expected 'all', 'digest-only' or 'tag-only'"
        ),
        Fault(
            file: "[registries.search]\nregistries = ['a']",
            message: "Cannot read '/r.conf': it has the form of version 1, with [registries.…] tables\n"
                + "hint: write [[registry]] tables, as containers-registries.conf(5) shows"
        ),
        Fault(file: "a = 1\na.b = 2", message: "Cannot read '/r.conf': line 2, column 8: a key is used twice"),
        Fault(file: "a = \"\\q\"", message: "Cannot read '/r.conf': line 1, column 8: a backslash begins no character"),
        Fault(file: "a = 1 b = 2", message: "Cannot read '/r.conf': line 1, column 7: expected the end of the line"),
    ])
    func `a file that cannot be used says where`(fault: Fault) throws {
        let failure = #expect(throws: RegistryConfigurationFailure.self) { try configuration(fault.file) }
        #expect(failure.map { "\($0)" } == fault.message)
    }

    @Test
    func `a later file takes the place of rules with its prefixes`() throws {
        try withFiles([
            "registries.conf": "[[registry]]\nlocation='a.b'\n[[registry]]\nlocation='c.d'\n",
            "conf.d/10.conf": "[[registry]]\nprefix='a.b'\nlocation='first'\n",
            "conf.d/20.conf": "[[registry]]\nprefix='a.b'\nlocation='second'\n",
            "conf.d/30.txt": "not read",
        ]) { directory in
            let places = RegistriesConfiguration.Places(
                main: [directory + "/none.conf", directory + "/registries.conf"],
                dropIns: [directory + "/conf.d", directory + "/none.d"]
            )
            let configuration = try RegistriesConfiguration(at: places)
            #expect(configuration.rules.map(\.prefix) == ["c.d", "a.b"])
            #expect(configuration.rule(for: "a.b/x")?.location == "second")
        }
    }

    @Test
    func `a main file that somebody named has to be there`() throws {
        let places = RegistriesConfiguration.Places(main: ["/nonexistent/r.conf"], isMainRequired: true)
        let failure = #expect(throws: RegistryConfigurationFailure.self) { try RegistriesConfiguration(at: places) }
        #expect(failure.map { "\($0)" } == "Cannot read '/nonexistent/r.conf': there is no such file")
    }

    @Test
    func `hostile files end with an error or with rules, never with a crash`() throws {
        let pieces = [
            "[[registry]]", "[", "]", "=", "'", "\"", "\n", "{", "}", ",", "location", "mirror", "1e999", "\u{1F600}",
            "-", "0x", "#",
        ]
        for seed in 0..<500 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var text = seed.isMultiple(of: 2) ? Self.file : ""
            for _ in 0..<generator.below(40) + 1 {
                let place = text.index(text.startIndex, offsetBy: generator.below(text.count + 1))
                text.insert(contentsOf: generator.pick(pieces), at: place)
            }
            do { _ = try configuration(text) } catch is RegistryConfigurationFailure {}
        }
        let deep = "a = " + String(repeating: "[", count: 100_000)
        #expect(throws: RegistryConfigurationFailure.self) { try configuration(deep) }
        let long = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        #expect(throws: RegistryConfigurationFailure.self) {
            try RegistriesConfiguration.rules(parsing: long, path: "/r.conf")
        }
    }
}

/// Calls `body` with a directory that holds these files.
func withFiles(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let directory = NSTemporaryDirectory() + "drydock-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for (name, text) in files {
        let url = URL(fileURLWithPath: "\(directory)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
    try body(directory)
}
