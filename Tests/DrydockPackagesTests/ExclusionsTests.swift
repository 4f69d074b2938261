// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

/// What of a directory is left out.
@Suite
struct ExclusionsTests {
    private static let script = """
        umask 022; mkdir -p .git/objects a/cache/deep b/cache $'\\377'
        : >.git/config; : >.env; : >a/.env; : >a/x.pyc; : >a/cache/f; : >a/cache/deep/g; : >b/cache/.h; : >b/y.pyc; : >y.pyc
        : >'*'; : >'[x]'; : >$'new\\nline'; : >' '; : >-f; : >$'\\377/\\376.pyc'; ln -s a link
        """
    private static let all: [ByteString] = [
        " ", "*", "-f", ".env", ".git", ".git/config", ".git/objects", "[x]", "a", "a/.env", "a/cache", "a/cache/deep",
        "a/cache/deep/g", "a/cache/f", "a/x.pyc", "b", "b/cache", "b/cache/.h", "b/y.pyc", "link", "new\nline", "y.pyc",
        ByteString([0xFF]), ByteString([0xFF] + Array("/".utf8) + [0xFE] + Array(".pyc".utf8)),
    ]

    struct Case: CustomTestStringConvertible {
        let pattern: String
        /// The entries that are left out.
        let gone: [ByteString]

        var testDescription: String { pattern }

        init(_ pattern: String, _ gone: ByteString...) { (self.pattern, self.gone) = (pattern, gone) }
    }

    private static let bytes = ByteString([0xFF])
    private static let bytesBelow = ByteString([0xFF] + Array("/".utf8) + [0xFE] + Array(".pyc".utf8))

    @Test(arguments: [
        Case(".git", ".git", ".git/config", ".git/objects"),
        Case(".git/*", ".git/config", ".git/objects"),
        Case(".git/", ".git", ".git/config", ".git/objects"),
        Case(".git/*/", ".git/objects"),
        Case(".env", ".env"),
        Case("**/.env", ".env", "a/.env"),
        Case("**/.?nv", ".env", "a/.env"),
        Case("*.pyc", "y.pyc"),
        Case("*/*.pyc", "a/x.pyc", "b/y.pyc", bytesBelow),
        Case("**/*.pyc", "a/x.pyc", "b/y.pyc", "y.pyc", bytesBelow),
        Case("**/cache", "a/cache", "a/cache/deep", "a/cache/deep/g", "a/cache/f", "b/cache", "b/cache/.h"),
        Case("**/cache/**", "a/cache/deep", "a/cache/deep/g", "a/cache/f", "b/cache/.h"),
        Case("a/**/g", "a/cache/deep/g"),
        Case("a/**/**/cache/*", "a/cache/deep", "a/cache/deep/g", "a/cache/f"),
        Case("**/deep/", "a/cache/deep", "a/cache/deep/g"),
        Case("**/f/"), Case("link/"), Case("link/cache"), Case("nothing"), Case("cache"), Case("a/b/c/d"), Case("A"),
        Case("link", "link"),
        Case("[xy].pyc", "y.pyc"), Case("[!x].pyc", "y.pyc"), Case("\\*", "*"), Case("\\[x]", "[x]"),
        Case("new\nline", "new\nline"), Case(" ", " "), Case("-?", "-f"),
        Case(
            "?",
            " ",
            "*",
            "a",
            "a/.env",
            "a/cache",
            "a/cache/deep",
            "a/cache/deep/g",
            "a/cache/f",
            "a/x.pyc",
            "b",
            "b/cache",
            "b/cache/.h",
            "b/y.pyc",
            bytes,
            bytesBelow
        ),
    ])
    func `a pattern is a path from the directory on`(_ pattern: Case) async throws {
        try await Trees.made(by: Self.script) { directory in
            let tree = DirectoryTree(
                root: directory,
                prefix: "srv",
                style: Trees.style,
                exclusions: Exclusions([pattern.pattern])
            )
            let found = try tree.walked()
            let expected = Self.all.filter { !pattern.gone.contains($0) }.map {
                ByteString(Array("srv/".utf8) + $0.bytes)
            }
            #expect(Set(found.entries.map(\.path)) == Set(expected))
            #expect(found.idleExclusions == (pattern.gone.isEmpty ? [pattern.pattern] : []))
        }
    }

    @Test
    func `everything can be left out, and several patterns do not disturb each other`() async throws {
        try await Trees.made(by: Self.script) { directory in
            let entries = { (patterns: [String]) in
                try DirectoryTree(root: directory, style: Trees.style, exclusions: Exclusions(patterns)).walked()
            }
            let (everything, atTop) = (try entries(["**"]), try entries(["*"]))
            #expect(everything.entries == [])
            #expect(atTop.entries == [])
            let several = try entries(["a", "**/x.pyc", "?*", "**/cache/*", "b/cache/.h"])
            #expect(several.entries == [])
            // What lies in a directory that is left out is not looked at.
            #expect(several.idleExclusions == ["**/x.pyc", "**/cache/*", "b/cache/.h"])
        }
    }

    @Test(.requiresRoot)
    func `what is left out may be anything, and is not entered`() async throws {
        let script = """
            mkdir -p a/b; : >a/.wh.x; : >a/f; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("a/b/s")'
            mkdir closed; chmod 0 closed
            """
        try await Trees.made(by: script) { directory in
            let exclusions = Exclusions(["**/.wh.*", "a/b/s", "closed"])
            let entries = try DirectoryTree(root: directory, style: Trees.style, exclusions: exclusions).entries()
            #expect(entries.map(\.path) == ["a", "a/b", "a/f"])
        }
    }

    @Test
    func `random patterns match as the definition says`() async throws {
        var generator = SeededGenerator(seed: 4)
        let names = ["a", "b", ".c", "ab"]
        var paths: Set<String> = []
        for _ in 0..<40 {
            let path = (0...generator.below(5)).map { _ in generator.pick(names) }
            for length in 1...path.count { paths.insert(path.prefix(length).joined(separator: "/")) }
        }
        let directories = paths.sorted().map { "'\($0)'" }.joined(separator: " ")
        try await Trees.made(by: "mkdir -p \(directories)") { directory in
            for _ in 0..<300 {
                let pattern = (0...generator.below(4)).map { _ in generator.pick(["**", "*", "?", "a", "a*", ".?"]) }
                let exclusions = Exclusions([pattern.joined(separator: "/")])
                let tree = DirectoryTree(root: directory, style: Trees.style, exclusions: exclusions)
                let expected = paths.filter { path in
                    let names = path.split(separator: "/").map(String.init)
                    return !(1...names.count).contains { Self.matches(pattern[...], names.prefix($0)) }
                }
                let entries = try tree.entries()
                #expect(Set(entries.map(\.path.description)) == expected, "\(pattern)")
            }
        }
    }

    /// The definition, word by word.
    private static func matches(_ pattern: ArraySlice<String>, _ names: ArraySlice<String>) -> Bool {
        guard let part = pattern.first else { return names.isEmpty }
        if part == "**" {
            if pattern.count == 1 { return !names.isEmpty }
            return matches(pattern.dropFirst(), names) || !names.isEmpty && matches(pattern, names.dropFirst())
        }
        guard let name = names.first, isMatch(part, name) else { return false }
        return matches(pattern.dropFirst(), names.dropFirst())
    }

    private static func isMatch(_ part: String, _ name: String) -> Bool {
        switch part {
        case "*": true
        case "?": name.count == 1
        case "a*": name.hasPrefix("a")
        case ".?": name.hasPrefix(".") && name.count == 2
        default: part == name
        }
    }
}
