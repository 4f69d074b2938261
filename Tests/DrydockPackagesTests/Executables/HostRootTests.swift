// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTestSupport
import Testing

@Suite struct HostRootTests {
    private let host: SyntheticHost
    private let root: HostRoot

    init() throws {
        host = try SyntheticHost()
        root = HostRoot(host.root)
        try host.write("/usr/lib/libx-1.so", "x")
        try host.link("/usr/lib/libx.so", to: "libx-1.so")
        try host.link("/lib", to: "usr/lib")
    }

    private func arrows(_ resolution: HostRoot.Resolution) -> [String] {
        resolution.links.map { "\($0.path) -> \($0.target)" }
    }

    @Test func `every link on the way is recorded with its exact target`() throws {
        let resolution = try root.resolve("/lib/libx.so")
        #expect(resolution.path == "/usr/lib/libx-1.so")
        #expect(resolution.kind == .regular)
        #expect(arrows(resolution) == ["/lib -> usr/lib", "/usr/lib/libx.so -> libx-1.so"])
    }

    struct Way: CustomTestStringConvertible {
        let path: ByteString
        let expected: ByteString
        var testDescription: String { path.description }

        static let all = [
            Way(path: "/", expected: "/"),
            Way(path: "//usr//lib/./", expected: "/usr/lib"),
            Way(path: "/..", expected: "/"),
            Way(path: "/../../usr/lib/libx-1.so", expected: "/usr/lib/libx-1.so"),
            // `..` behind a link leaves the directory to which the link leads.
            Way(path: "/lib/../lib/libx.so", expected: "/usr/lib/libx-1.so"),
            Way(path: "/usr/lib/..", expected: "/usr"),
        ]
    }

    @Test(arguments: Way.all) func `a path is followed as the kernel follows it`(way: Way) throws {
        #expect(try root.resolve(way.path).path == way.expected)
    }

    @Test func `an absolute target begins at this root`() throws {
        try host.link("/etc/alternatives/x", to: "/usr/lib/libx.so")
        try host.link("/usr/bin/x", to: "/etc/alternatives/x")
        try host.link("/usr/bin/out", to: "../../../../../../../usr/lib/libx-1.so")
        let resolution = try root.resolve("/usr/bin/x")
        #expect(resolution.path == "/usr/lib/libx-1.so")
        #expect(
            arrows(resolution) == [
                "/usr/bin/x -> /etc/alternatives/x", "/etc/alternatives/x -> /usr/lib/libx.so",
                "/usr/lib/libx.so -> libx-1.so",
            ]
        )
        #expect(try root.resolve("/usr/bin/out").path == "/usr/lib/libx-1.so")
    }

    struct Fault: CustomTestStringConvertible {
        let path: ByteString
        let reason: PathFailure.Reason
        let text: String
        var testDescription: String { text }

        static let all = [
            Fault(path: "", reason: .missing, text: "Cannot find '': there is no such file"),
            Fault(
                path: "usr",
                reason: .relative,
                text: """
                    Cannot find 'usr': the path depends on the working directory
                    hint: write a path that begins with '/'
                    """
            ),
            Fault(
                path: "/a\0b",
                reason: .zeroByte,
                text: "Cannot find '/a\\x00b': the path contains a zero byte"
            ),
            Fault(path: "/none/x", reason: .missing, text: "Cannot find '/none/x': there is no such file"),
            Fault(
                path: "/lib/libx.so/",
                reason: .notDirectory("/usr/lib/libx-1.so"),
                text: "Cannot find '/lib/libx.so/': '/usr/lib/libx-1.so' is not a directory"
            ),
            Fault(
                path: "/lib/libx.so/y",
                reason: .notDirectory("/usr/lib/libx-1.so"),
                text: "Cannot find '/lib/libx.so/y': '/usr/lib/libx-1.so' is not a directory"
            ),
            Fault(
                path: "/bad/x",
                reason: .dangling(link: "/bad2", target: "none/at/all"),
                text: "Cannot find '/bad/x': the link '/bad2' points to 'none/at/all', which does not exist"
            ),
            Fault(
                path: "/half/none",
                reason: .missing,
                text: "Cannot find '/half/none': there is no such file"
            ),
            Fault(
                path: "/loop",
                reason: .tooManyLinks,
                text: "Cannot find '/loop': the path leads through more than 40 symbolic links"
            ),
            Fault(
                path: ByteString("/" + String(repeating: "n", count: 256)),
                reason: .system(36),
                text: "Cannot read '/\(String(repeating: "n", count: 256))': file name too long (ENAMETOOLONG)"
            ),
        ]
    }

    @Test(arguments: Fault.all) func `a path that leads nowhere says why`(fault: Fault) throws {
        try host.link("/bad", to: "/bad2")
        try host.link("/bad2", to: "none/at/all")
        try host.link("/half", to: "/usr")
        try host.link("/loop", to: "loop2")
        try host.link("/loop2", to: "/loop")
        let failure = PathFailure(fault.reason, path: fault.path)
        #expect(throws: failure) { try root.resolve(fault.path) }
        #expect(failure.description == fault.text)
    }

    @Test func `forty links are followed and one more is not`() throws {
        for index in 0..<41 { try host.link("/l\(index)", to: index == 0 ? "usr" : "l\(index - 1)") }
        #expect(try root.resolve("/l39").links.count == 40)
        #expect(throws: PathFailure(.tooManyLinks, path: "/l40")) { try root.resolve("/l40") }
    }

    @Test func `names that are not UTF-8 are followed`() async throws {
        // Foundation cannot write such a name; the shell can.
        try await Command.check(["sh", "-c", "ln -s usr/lib \"$1/$(printf 'n\\377')\"", "sh", host.root])
        let path = ByteString([0x2F, 0x6E, 0xFF])
        let resolution = try root.resolve(path)
        #expect(resolution.links == [ExecutableClosure.Link(path: path, target: "usr/lib")])
        #expect(try root.names(in: root.resolve("/")) == ["lib", ByteString([0x6E, 0xFF]), "usr"])
        #expect(
            try root.paths(matching: "/n?/libx*") == [
                ByteString(path.bytes + Array("/libx-1.so".utf8)), ByteString(path.bytes + Array("/libx.so".utf8)),
            ]
        )
    }

    @Test func `a pattern finds files through links and in many directories`() throws {
        try host.write("/usr/local/lib/liby.so", "y")
        try host.write("/usr/lib/.hidden.so", "h")
        try host.link("/usr/lib/dangling.so", to: "none")
        #expect(try root.paths(matching: "/usr/*/lib*.so") == ["/usr/lib/libx-1.so", "/usr/lib/libx.so"])
        #expect(try root.paths(matching: "/usr/*/lib/lib?.so") == ["/usr/local/lib/liby.so"])
        #expect(try root.paths(matching: "/lib/*") == ["/lib/dangling.so", "/lib/libx-1.so", "/lib/libx.so"])
        #expect(try root.paths(matching: "/lib/libx.so") == ["/lib/libx.so"])
        #expect(try root.paths(matching: "/lib/libz*").isEmpty)
        #expect(try root.paths(matching: "/none/*/x").isEmpty)
        #expect(try root.paths(matching: "/lib/libx.so/*").isEmpty)
        #expect(throws: PathFailure(.relative, path: "lib/*")) { try root.paths(matching: "lib/*") }
    }
}

@Suite struct GlobPatternTests {
    struct Case: CustomTestStringConvertible {
        let pattern: String
        let matching: [ByteString]
        let other: [ByteString]
        var testDescription: String { pattern }

        static let all = [
            Case(pattern: "a*c", matching: ["ac", "abc", "abcbc"], other: ["a", "acb", "xac", ""]),
            Case(pattern: "*", matching: ["", "a", "a.b"], other: [".a", "."]),
            Case(pattern: ".*", matching: [".a", "."], other: ["a", ""]),
            Case(pattern: "?", matching: ["a", "*"], other: ["", "ab", "."]),
            Case(pattern: "[a-c]x", matching: ["ax", "bx", "cx"], other: ["dx", "-x", "x"]),
            Case(pattern: "[!a-c]x", matching: ["dx", "-x"], other: ["ax", "x"]),
            Case(pattern: "[^a]", matching: ["b"], other: ["a"]),
            Case(pattern: "[]a]", matching: ["]", "a"], other: ["b", "[]a]"]),
            Case(pattern: "[a-]", matching: ["a", "-"], other: ["b"]),
            Case(pattern: "[c-a]", matching: [], other: ["a", "b", "c", "-"]),
            Case(pattern: "[ab", matching: ["[ab"], other: ["a"]),
            Case(pattern: "[!.]a", matching: ["xa"], other: [".a"]),
            Case(pattern: "\\*\\", matching: ["*\\"], other: ["a\\"]),
            Case(pattern: "lib*.so.?", matching: ["libc.so.6", "lib.so.so.1"], other: ["libc.so", "libc.so.10"]),
            Case(pattern: "**b*", matching: ["b", "abb", "ba"], other: ["a", ""]),
        ]
    }

    @Test(arguments: Case.all) func `a pattern matches whole names`(case: Case) {
        let glob = GlobPattern(component: `case`.pattern.utf8)
        for name in `case`.matching { #expect(glob.matches(name), "\(name)") }
        for name in `case`.other { #expect(!glob.matches(name), "\(name)") }
    }

    @Test func `only a pattern without wildcards is a name`() {
        #expect(GlobPattern(component: "a\\*b".utf8).literal == "a*b")
        #expect(GlobPattern(component: "a*".utf8).literal == nil)
    }

    @Test func `many stars do not multiply`() {
        let glob = GlobPattern(component: (String(repeating: "a*", count: 50) + "b").utf8)
        #expect(!glob.matches(ByteString(String(repeating: "a", count: 5000))))
    }
}
