// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockPackages
import DrydockTestSupport
import Testing

@Suite
struct PackageLinksTests {
    private static let first = "/nix/store/\(String(repeating: "1", count: 32))-first"
    private static let second = "/nix/store/\(String(repeating: "2", count: 32))-second"

    /// What links to the two packages give, as `PATH` or `PATH -> TARGET`, when a script has filled them.
    private func links(_ script: String) async throws -> (entries: [String], overlaps: [String]) {
        try await withTemporaryDirectory { root in
            let fill = "mkdir -p .\(Self.first) .\(Self.second); a=.\(Self.first) b=.\(Self.second); \(script)"
            try await Command.check(["sh", "-euc", fill], in: root)
            let links = PackageLinks(
                to: [try StorePath(Self.first), try StorePath(Self.second)],
                in: StoreLocation(root: root),
                style: EntryStyle(owner: .root, modificationTime: 1)
            )
            let joined = try links.joined()
            let texts = joined.entries.map { entry in
                if case .symlink(let target) = entry.node { "\(entry.path) -> \(target)" } else { "\(entry.path)" }
            }
            return (texts, joined.overlaps.map { "\($0.path)" })
        }
    }

    @Test
    func `directories are joined, files linked, and the first package wins`() async throws {
        let links = try await links("mkdir $a/bin $b/bin; touch $a/bin/x $a/bin/y $b/bin/y $b/bin/z")
        #expect(
            links.entries == [
                "bin", "bin/x -> \(Self.first)/bin/x", "bin/y -> \(Self.first)/bin/y", "bin/z -> \(Self.second)/bin/z",
            ]
        )
        #expect(links.overlaps == ["bin/y"])
    }

    @Test
    func `what runtimes read is a file`() async throws {
        let links = try await links("mkdir $a/etc; touch $a/etc/passwd $a/etc/motd")
        #expect(links.entries == ["etc", "etc/motd -> \(Self.first)/etc/motd", "etc/passwd"])
    }

    @Test
    func `a link to a directory is joined with a directory`() async throws {
        let links = try await links("mkdir $a/lib $b/real; touch $a/lib/x $b/real/y; ln -s \(Self.second)/real $b/lib")
        #expect(links.entries.contains("lib/x -> \(Self.first)/lib/x"))
        #expect(links.entries.contains("lib/y -> \(Self.second)/real/y"))
        #expect(links.overlaps == [])
    }

    @Test
    func `a link is left by the directory that it leads to`() async throws {
        let links = try await links(
            """
            mkdir -p $a/lib $b/deep/real $b/deep/lib; touch $a/lib/x $b/deep/lib/y
            ln -s \(Self.second)/deep/real $b/link; ln -s link/../lib $b/lib
            """
        )
        #expect(links.entries.contains("lib/x -> \(Self.first)/lib/x"))
        #expect(links.entries.contains("lib/y -> \(Self.second)/deep/lib/y"))
    }

    @Test(arguments: ["lib", "/etc/passwd", "../../../../lib", "\(second)/nothing"])
    func `a link that leads in a circle, out of the store, or nowhere is no directory`(target: String) async throws {
        let error = await #expect(throws: PackageLinksFailure.self) {
            _ = try await links("mkdir $a/lib; ln -s '\(target)' $b/lib")
        }
        #expect(error?.description.contains("Cannot link both") == true)
    }

    @Test
    func `links inside a package are kept, and those that lead out lead to the store`() async throws {
        let links = try await links("mkdir $a/bin; touch $a/bin/x; ln -s x $a/bin/in; ln -s ../../other $a/bin/out")
        #expect(links.entries.contains("bin/in -> x"))
        #expect(links.entries.contains("bin/out -> \(Self.first)/bin/out"))
    }

    @Test
    func `a file where another package has a directory is an error that names both`() async throws {
        let error = await #expect(throws: PackageLinksFailure.self) {
            _ = try await links("mkdir $a/x; touch $b/x")
        }
        #expect(
            error?.description == """
                Cannot link both \(Self.second)/x and \(Self.first)/x: one is a file and one a directory
                hint: leave one of the two packages out of 'contents'
                """
        )
    }
}
