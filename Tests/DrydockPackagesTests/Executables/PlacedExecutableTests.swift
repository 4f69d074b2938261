// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Testing

/// Executables that go to another place of the image than on the host.
@Suite struct PlacedExecutableTests {
    private let host: SyntheticHost
    private static let loader = "/lib64/ld-linux-x86-64.so.2"

    /// A host with a loader, as distributions without multiarch directories have it.
    init() throws {
        host = try SyntheticHost()
        try host.write(Self.loader, ELFBuilder.library("ld-linux-x86-64.so.2").build())
    }

    private func library(_ path: String, needs: [String] = [], runpath: String? = nil) throws {
        let name = path.split(separator: "/").last.map(String.init)
        try host.write(path, ELFBuilder.library(name, needs: needs, runpath: runpath).build())
    }

    private func program(_ path: String, needs: [String] = [], rpath: String? = nil, runpath: String? = nil) throws {
        try host.write(path, ELFBuilder.program(needs: needs, rpath: rpath, runpath: runpath).build())
    }

    private func closure(_ executables: (path: ByteString, place: ByteString?)...) throws -> ExecutableClosure {
        try host.resolver().closure(of: executables.map { RequestedExecutable(path: $0.path, place: $0.place) })
    }

    /// The files but the loader, as `path => place`, or `path` where both are the same.
    private static func moves(_ closure: ExecutableClosure) -> [String] {
        closure.files.filter { $0.path.description != loader }.map {
            $0.path == $0.place ? "\($0.path)" : "\($0.path) => \($0.place)"
        }
    }

    @Test func `a chain of links becomes one file at the place`() throws {
        try program("/proj/out/app-1.2")
        try host.link("/proj/out/app", to: "app-1.2")
        try host.link("/proj/build", to: "out")
        let closure = try closure(("/proj/build/app", "/usr/bin/app"))
        #expect(Self.moves(closure) == ["/proj/out/app-1.2 => /usr/bin/app"])
        #expect(closure.links.isEmpty)
        #expect(closure.files.contains { $0.path.description == Self.loader && $0.place == $0.path })
    }

    struct SearchPath: CustomTestStringConvertible {
        let testDescription: String
        var rpath: String?
        var runpath: String?

        static let all = [
            SearchPath(testDescription: "DT_RUNPATH", runpath: "$ORIGIN/../lib"),
            SearchPath(testDescription: "DT_RPATH", rpath: "${ORIGIN}/../lib"),
        ]
    }

    @Test(arguments: SearchPath.all) func `a library found through $ORIGIN keeps its position`(
        path: SearchPath
    ) throws {
        try program("/proj/bin/app", needs: ["liba.so"], rpath: path.rpath, runpath: path.runpath)
        try library("/proj/lib/liba.so")
        #expect(
            Self.moves(try closure(("/proj/bin/app", "/opt/app/bin/app"))) == [
                "/proj/bin/app => /opt/app/bin/app", "/proj/lib/liba.so => /opt/app/lib/liba.so",
            ]
        )
        #expect(Self.moves(try closure(("/proj/bin/app", nil))) == ["/proj/bin/app", "/proj/lib/liba.so"])
    }

    @Test func `relative links on the way keep their position`() throws {
        try program("/proj/bin/app", needs: ["liba.so"], runpath: "$ORIGIN/../lib")
        try library("/proj/out/liba.so.1")
        try host.link("/proj/lib", to: "out")
        try host.link("/proj/out/liba.so", to: "../out/./liba.so.1")
        let closure = try closure(("/proj/bin/app", "/opt/bin/app"))
        #expect(
            Self.moves(closure) == ["/proj/bin/app => /opt/bin/app", "/proj/out/liba.so.1 => /opt/out/liba.so.1"]
        )
        #expect(closure.arrows == ["/opt/lib -> out", "/opt/out/liba.so -> ../out/./liba.so.1"])
    }

    @Test func `what an absolute link on the way leads to takes its place`() throws {
        try program("/proj/bin/app", needs: ["liba.so", "libb.so"], runpath: "$ORIGIN/../lib")
        try library("/cache/lib/liba-1.so")
        try host.link("/cache/lib/liba.so", to: "liba-1.so")
        try library("/cache/lib/b/libb.so")
        try host.link("/cache/lib/libb.so", to: "/cache/alias/libb.so")
        try host.link("/cache/alias", to: "lib/b")
        try host.link("/proj/lib", to: "/cache/lib")
        let closure = try closure(("/proj/bin/app", "/opt/bin/app"))
        #expect(
            Self.moves(closure) == [
                "/cache/lib/b/libb.so => /opt/lib/libb.so", "/cache/lib/liba-1.so => /opt/lib/liba-1.so",
                "/proj/bin/app => /opt/bin/app",
            ]
        )
        #expect(closure.arrows == ["/opt/lib/liba.so -> liba-1.so"])
    }

    @Test func `libraries of moved libraries move too`() throws {
        try program("/proj/bin/app", needs: ["liba.so"], runpath: "$ORIGIN/../lib")
        try library("/proj/lib/liba.so", needs: ["libb.so"], runpath: "$ORIGIN/b")
        try library("/proj/lib/b/libb.so", needs: ["$ORIGIN/../../c/libc.so"])
        try library("/proj/c/libc.so")
        #expect(
            Self.moves(try closure(("/proj/bin/app", "/opt/bin/app"))) == [
                "/proj/bin/app => /opt/bin/app", "/proj/c/libc.so => /opt/c/libc.so",
                "/proj/lib/b/libb.so => /opt/lib/b/libb.so", "/proj/lib/liba.so => /opt/lib/liba.so",
            ]
        )
    }

    @Test func `everything else that is found stays`() throws {
        let needs = ["liba.so", "libb.so", "libc.so", "/proj/lib/libd.so"]
        try program("/proj/bin/app", needs: needs, rpath: "/proj/lib:$ORIGIN/../own")
        try library("/proj/lib/liba.so")
        try library("/conf/libb.so")
        try host.write("/etc/ld.so.conf", "/conf\n")
        // Found through its own $ORIGIN: that of a library that stays.
        try library("/lib64/libc.so", needs: ["libe.so", "libf.so"], runpath: "$ORIGIN/e")
        try library("/lib64/e/libe.so")
        try library("/proj/lib/libd.so", needs: ["libg.so"])
        // Found through the executable's DT_RPATH, which a library without DT_RUNPATH inherits.
        try library("/proj/own/libg.so")
        try library("/lib64/libf.so")
        #expect(
            Self.moves(try closure(("/proj/bin/app", "/opt/bin/app"))) == [
                "/conf/libb.so", "/lib64/e/libe.so", "/lib64/libc.so", "/lib64/libf.so",
                "/proj/bin/app => /opt/bin/app", "/proj/lib/liba.so", "/proj/lib/libd.so",
                "/proj/own/libg.so => /opt/own/libg.so",
            ]
        )
    }

    @Test func `a library that executables here and there need is at both places`() throws {
        for name in ["one", "two"] {
            try program("/proj/bin/\(name)", needs: ["liba.so"], runpath: "$ORIGIN/../lib")
        }
        try library("/proj/lib/liba.so")
        #expect(
            Self.moves(try closure(("/proj/bin/one", "/opt/bin/one"), ("/proj/bin/two", nil))) == [
                "/proj/bin/one => /opt/bin/one", "/proj/bin/two", "/proj/lib/liba.so => /opt/lib/liba.so",
                "/proj/lib/liba.so",
            ]
        )
    }

    @Test func `a library of musl moves`() throws {
        try host.write("/lib/ld-musl-x86_64.so.1", ELFBuilder.library(nil).build())
        let app = ELFBuilder(interpreter: "/lib/ld-musl-x86_64.so.1", needed: ["liba.so"], runpath: "$ORIGIN/lib")
        try host.write("/proj/app", app.build())
        try library("/proj/lib/liba.so")
        #expect(
            Self.moves(try closure(("/proj/app", "/srv/app"))) == [
                "/lib/ld-musl-x86_64.so.1", "/proj/app => /srv/app", "/proj/lib/liba.so => /srv/lib/liba.so",
            ]
        )
    }

    @Test func `a script moves alone`() throws {
        try program("/proj/bin/python", needs: ["liba.so"], runpath: "$ORIGIN/../lib")
        try library("/proj/lib/liba.so")
        try host.write("/proj/run", "#!/proj/bin/python\n")
        #expect(
            Self.moves(try closure(("/proj/run", "/usr/bin/run"))) == [
                "/proj/bin/python", "/proj/lib/liba.so", "/proj/run => /usr/bin/run",
            ]
        )
        // What moves and also interprets is needed at both places.
        #expect(
            Self.moves(try closure(("/proj/bin/python", "/usr/bin/python"), ("/proj/run", "/usr/bin/run"))) == [
                "/proj/bin/python", "/proj/bin/python => /usr/bin/python", "/proj/lib/liba.so",
                "/proj/lib/liba.so => /usr/lib/liba.so", "/proj/run => /usr/bin/run",
            ]
        )
    }

    @Test func `an executable of the root directory moves`() throws {
        try program("/app", needs: ["liba.so"], runpath: "$ORIGIN/lib")
        try library("/lib/liba.so")
        #expect(
            Self.moves(try closure(("/app", "/opt/app"))) == ["/app => /opt/app", "/lib/liba.so => /opt/lib/liba.so"]
        )
    }

    struct Escape: CustomTestStringConvertible {
        let runpath: String
        let place: ByteString
        var testDescription: String { "\(runpath) of \(place)" }

        static let all = [
            Escape(runpath: "$ORIGIN/../lib", place: "/app"),
            Escape(runpath: "$ORIGIN/../../lib", place: "/bin/app"),
            Escape(runpath: "$ORIGIN/../up", place: "/bin/app"),
        ]
    }

    @Test(arguments: Escape.all) func `a library that would be outside of the root is refused`(escape: Escape) throws {
        try program("/a/b/c/app", needs: ["liba.so"], runpath: escape.runpath)
        try library("/a/lib/liba.so")
        try library("/a/b/lib/liba.so")
        try host.link("/a/b/up", to: "../lib")
        let failure = try #require(throws: ExecutableFailure.self) { try closure(("/a/b/c/app", escape.place)) }
        #expect(failure.reason == .leavesRoot(from: escape.place))
    }

    @Test func `two files for one place are refused`() throws {
        try program("/one/app")
        try program("/two/app")
        let failure = ExecutableFailure(.samePlace("/bin/app", as: "/one/app"), path: "/two/app")
        #expect(throws: failure) { try closure(("/one/app", "/bin/app"), ("/two/app", "/bin/app")) }
        #expect(Self.moves(try closure(("/one/app", "/bin/app"), ("/one/app", "/bin/app"))).count == 1)
    }

    struct Fault: CustomTestStringConvertible {
        let failure: ExecutableFailure
        let text: String
        var testDescription: String { text }

        static let all = [
            Fault(
                failure: ExecutableFailure(.unplaced, path: ".build/release/app"),
                text: """
                    Cannot put '.build/release/app' into the image: a relative path does not say where
                    hint: say where it goes in the image, for example at: /usr/bin/app
                    """
            ),
            Fault(
                failure: ExecutableFailure(.samePlace("/bin/app", as: "/one/app"), path: "/two/app"),
                text: """
                    Cannot put '/two/app' at '/bin/app': '/one/app' goes there, too
                    hint: choose another path for 'at', or give each executable an item of its own
                    """
            ),
            Fault(
                failure: ExecutableFailure(.leavesRoot(from: "/app"), path: "/a/bin/../lib/liba.so"),
                text: """
                    Cannot put the library '/a/bin/../lib/liba.so' into the image: relative to '/app', it would be \
                    outside of the root
                    hint: choose a path with more directories for 'at', for example /opt/app/bin/app
                    """
            ),
        ]
    }

    @Test(arguments: Fault.all) func `failures say what to do`(fault: Fault) {
        #expect(fault.failure.description == fault.text)
    }
}
