// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Testing

/// The search of glibc's loader on hosts that are made of hand-written ELF files.
@Suite struct LibrarySearchTests {
    private let host: SyntheticHost

    /// A host with a loader, as distributions without multiarch directories have it.
    init() throws {
        host = try SyntheticHost()
        try host.write("/lib64/ld-linux-x86-64.so.2", ELFBuilder.library("ld-linux-x86-64.so.2").build())
    }

    private func library(_ path: String, _ soname: String? = nil, needs: [String] = [], runpath: String? = nil) throws {
        let name = path.split(separator: "/").last.map(String.init)
        try host.write(path, ELFBuilder.library(soname ?? name, needs: needs, runpath: runpath).build())
    }

    private func program(_ builder: ELFBuilder) throws { try host.write("/bin/x", builder.build()) }

    /// The files but the program and its loader.
    private func libraries(opening patterns: [ByteString] = []) throws -> [String] {
        try host.closure(of: "/bin/x", opening: patterns).paths.filter {
            $0 != "/bin/x" && $0 != "/lib64/ld-linux-x86-64.so.2"
        }
    }

    @Test func `a dynamic program brings its interpreter and libraries with reasons`() throws {
        try program(.program(needs: ["liba.so.1"]))
        try library("/lib64/liba.so.1", needs: ["libb.so.1"])
        try library("/usr/lib64/libb.so.1")
        let closure = try host.closure(of: "/bin/x")
        #expect(
            closure.files.map { "\($0.path): \($0.reason)" } == [
                "/bin/x: requested", "/lib64/ld-linux-x86-64.so.2: interpreter of '/bin/x'",
                "/lib64/liba.so.1: needed by '/bin/x'", "/usr/lib64/libb.so.1: needed by '/lib64/liba.so.1'",
            ]
        )
        #expect(closure.links.isEmpty)
        #expect(closure.configuredLibraries.isEmpty)
    }

    @Test func `static programs stand alone`() throws {
        try program(ELFBuilder(isDynamic: false))
        #expect(try host.closure(of: "/bin/x").paths == ["/bin/x"])
        try program(ELFBuilder(flags1: 0x800_0000))
        #expect(try host.closure(of: "/bin/x").paths == ["/bin/x"])
    }

    @Test func `a library can be asked for itself`() throws {
        try library("/lib64/liba.so.1", needs: ["libb.so.1"])
        try library("/lib64/libb.so.1")
        #expect(try host.closure(of: "/lib64/liba.so.1").paths == ["/lib64/liba.so.1", "/lib64/libb.so.1"])
    }

    @Test func `multiarch directories come first where they exist`() throws {
        try program(.program(needs: ["liba.so.1", "libb.so.1"]))
        for directory in ["/lib/x86_64-linux-gnu", "/lib"] { try library(directory + "/liba.so.1") }
        for directory in ["/usr/lib/x86_64-linux-gnu", "/usr/lib"] { try library(directory + "/libb.so.1") }
        try host.write("/etc/ld.so.conf", "/usr/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n")
        #expect(try libraries() == ["/lib/x86_64-linux-gnu/liba.so.1", "/usr/lib/x86_64-linux-gnu/libb.so.1"])
        // The loader finds both without a cache.
        #expect(try host.closure(of: "/bin/x").configuredLibraries.isEmpty)
    }

    @Test func `a directory of the configuration comes before the built-in ones and needs the cache`() throws {
        try program(.program(needs: ["liba.so.1", "libb.so.1"]))
        try host.write("/etc/ld.so.conf", "include conf.d/*.conf\n/opt/none\n")
        try host.write("/etc/conf.d/one.conf", "# first\n /opt/one/ \n")
        try library("/opt/one/liba.so.1")
        try library("/lib64/liba.so.1")
        try library("/lib64/libb.so.1")
        let closure = try host.closure(of: "/bin/x")
        #expect(try libraries() == ["/lib64/libb.so.1", "/opt/one/liba.so.1"])
        #expect(closure.configuredLibraries.map(\.path) == ["/opt/one/liba.so.1"])
        #expect(closure.configuredLibraries.map(\.name) == ["liba.so.1"])
    }

    @Test func `what ldconfig leaves out is not found in a directory of the configuration`() throws {
        try program(.program(needs: ["liba.so.1", "plugin.so", "libc.so"]))
        try host.write("/etc/ld.so.conf", "/opt\n")
        try library("/opt/liba.so.1", "liba.so.2")
        try library("/opt/plugin.so")
        try host.write("/opt/libc.so", "/* a script for the linker */")
        let failure = try #require(throws: MissingLibraries.self) { try host.closure(of: "/bin/x") }
        #expect(failure.libraries.map(\.name) == ["liba.so.1", "plugin.so", "libc.so"])
    }

    @Test func `a file that is no library is an error in a built-in directory`() throws {
        try program(.program(needs: ["liba.so.1"]))
        try host.write("/lib64/liba.so.1", "text")
        #expect(throws: ELFFailure(.notELF, in: "/lib64/liba.so.1", at: 0)) { try host.closure(of: "/bin/x") }
    }

    struct Precedence: CustomTestStringConvertible {
        let name: String
        let program: ELFBuilder
        /// `DT_RUNPATH` of the library between the program and the one that is looked for.
        var runpath: String?
        let expected: String
        var testDescription: String { name }

        static let all = [
            Precedence(name: "RPATH is inherited", program: .program(needs: ["liba.so"], rpath: "/1"), expected: "/1"),
            Precedence(
                name: "RUNPATH is not inherited",
                program: .program(needs: ["liba.so"], runpath: "/1"),
                expected: "/lib64"
            ),
            Precedence(
                name: "RUNPATH of the program hides its RPATH",
                program: .program(needs: ["liba.so"], rpath: "/1", runpath: "/1"),
                expected: "/lib64"
            ),
            Precedence(
                name: "RUNPATH of the library hides the program's RPATH",
                program: .program(needs: ["liba.so"], rpath: "/1"),
                runpath: "/2",
                expected: "/2"
            ),
            Precedence(
                name: "an RUNPATH that leads nowhere still hides it",
                program: .program(needs: ["liba.so"], rpath: "/1"),
                runpath: "/none",
                expected: "/lib64"
            ),
        ]
    }

    @Test(arguments: Precedence.all) func `search paths have the precedence of the loader`(
        precedence: Precedence
    ) throws {
        try program(precedence.program)
        for directory in ["/1", "/lib64"] {
            try library(directory + "/liba.so", needs: ["libb.so"], runpath: precedence.runpath)
        }
        for directory in ["/1", "/2", "/lib64"] { try library(directory + "/libb.so") }
        #expect(try libraries().contains(precedence.expected + "/libb.so"))
        #expect(try libraries().filter { $0.hasSuffix("/libb.so") }.count == 1)
    }

    struct Token: CustomTestStringConvertible {
        let runpath: String
        let expected: String
        var testDescription: String { runpath }

        static let all = [
            Token(runpath: "$ORIGIN/../opt", expected: "/opt"),
            Token(runpath: "${ORIGIN}/../opt", expected: "/opt"),
            Token(runpath: "/opt/$LIB", expected: "/opt/lib64"),
            Token(runpath: "/opt/${PLATFORM}", expected: "/opt/x86_64"),
            Token(runpath: "/opt/$OTHER", expected: "/opt/$OTHER"),
            Token(runpath: "relative::/opt/./", expected: "/opt"),
            Token(runpath: "${ORIGIN:/opt", expected: "/opt"),
        ]
    }

    @Test(arguments: Token.all) func `tokens of a search path are replaced`(token: Token) throws {
        try program(.program(needs: ["liba.so"], runpath: token.runpath))
        try library(token.expected + "/liba.so")
        #expect(try libraries() == [token.expected + "/liba.so"])
    }

    @Test func `the directory of libraries has the machine's name on multiarch hosts`() throws {
        try program(.program(needs: ["liba.so"], runpath: "/opt/$LIB"))
        try host.directory("/usr/lib/x86_64-linux-gnu")
        try library("/opt/lib64/liba.so")
        try library("/opt/lib/x86_64-linux-gnu/liba.so")
        #expect(try libraries() == ["/opt/lib/x86_64-linux-gnu/liba.so"])
    }

    @Test func `the origin of a library is where it was opened and not where its link leads`() throws {
        try program(.program(needs: ["liba.so"]))
        try library("/real/liba.so", needs: ["libb.so"], runpath: "$ORIGIN/private")
        try host.link("/lib64/liba.so", to: "/real/liba.so")
        try library("/lib64/private/libb.so")
        try library("/real/private/libb.so")
        #expect(try libraries() == ["/lib64/private/libb.so", "/real/liba.so"])
    }

    @Test func `a needed name with a slash is a path`() throws {
        try program(.program(needs: ["/opt/liba.so", "$ORIGIN/../opt/libb.so"]))
        try library("/opt/liba.so")
        try library("/opt/libb.so")
        #expect(try libraries() == ["/opt/liba.so", "/opt/libb.so"])
        try program(.program(needs: ["./liba.so"]))
        let failure = try #require(throws: MissingLibraries.self) { try host.closure(of: "/bin/x") }
        #expect(
            failure.libraries.map(\.description) == [
                "'./liba.so', which '/bin/x' needs "
                    + "(cannot find './liba.so': the path depends on the working directory)"
            ]
        )
    }

    @Test func `a library that is loaded is found again by its own name`() throws {
        try program(.program(needs: ["/opt/first.so", "libb.so"]))
        try library("/opt/first.so", "liba.so.1")
        try library("/lib64/libb.so", needs: ["liba.so.1"])
        try library("/lib64/liba.so.1")
        #expect(try libraries() == ["/lib64/libb.so", "/opt/first.so"])
    }

    @Test func `libraries are loaded breadth first`() throws {
        // The program's own need of libc.so comes before the one of liba.so, whose search path has another libc.so.
        try program(.program(needs: ["liba.so", "libc.so"]))
        try library("/lib64/liba.so", needs: ["libc.so"], runpath: "/opt")
        try library("/lib64/libc.so")
        try library("/opt/libc.so")
        #expect(try libraries() == ["/lib64/liba.so", "/lib64/libc.so"])
    }

    @Test func `libraries that need each other are loaded once`() throws {
        try program(.program(needs: ["liba.so"]))
        try library("/lib64/liba.so", needs: ["libb.so"])
        try library("/lib64/libb.so", needs: ["liba.so", "libb.so"])
        #expect(try libraries() == ["/lib64/liba.so", "/lib64/libb.so"])
    }

    @Test func `a candidate for another machine is passed over`() throws {
        try program(.program(needs: ["liba.so"], runpath: "/1:/2:/3"))
        try host.write("/1/liba.so", ELFBuilder(number: 3, isWide: false).build())
        try host.write("/2/liba.so", ELFBuilder(number: 183).build())
        try library("/3/liba.so")
        #expect(try libraries() == ["/3/liba.so"])
    }

    @Test func `directories for newer processors are not searched`() throws {
        try program(.program(needs: ["liba.so"]))
        try library("/lib64/glibc-hwcaps/x86-64-v2/liba.so")
        try library("/lib64/liba.so")
        #expect(try libraries() == ["/lib64/liba.so"])
    }

    @Test func `a program can refuse the default directories`() throws {
        try host.write("/etc/ld.so.conf", "/lib64\n/opt\n")
        try library("/lib64/liba.so")
        var builder = ELFBuilder.program(needs: ["liba.so"])
        builder.flags1 = 0x800
        try program(builder)
        #expect(throws: MissingLibraries.self) { try host.closure(of: "/bin/x") }
        try library("/opt/libb.so")
        builder.needed = ["libb.so"]
        try program(builder)
        #expect(try libraries() == ["/opt/libb.so"])
    }

    @Test func `an auxiliary library may be missing`() throws {
        var builder = ELFBuilder.program()
        builder.auxiliary = ["libaux.so"]
        try program(builder)
        #expect(try libraries().isEmpty)
        try library("/lib64/libaux.so")
        #expect(try libraries() == ["/lib64/libaux.so"])
    }

    @Test func `all missing libraries are reported at once`() throws {
        try program(.program(needs: ["liba.so", "libb.so", "libc.so"], runpath: "$ORIGIN/../opt"))
        try library("/lib64/libb.so", needs: ["libd.so"])
        try host.write("/opt/liba.so", ELFBuilder(number: 3, isWide: false).build())
        try host.link("/usr/lib64/libc.so", to: "libc-2.so")
        let failure = try #require(throws: MissingLibraries.self) { try host.closure(of: "/bin/x") }
        let standard = "/lib, /usr/lib, /lib64, /usr/lib64"
        #expect(
            failure.description == """
                Cannot find 3 libraries: 'liba.so', which '/bin/x' needs, in /bin/../opt, \(standard) \
                ('/bin/../opt/liba.so' is for 386); 'libc.so', which '/bin/x' needs, in /bin/../opt, \(standard) \
                (cannot find '/usr/lib64/libc.so': the link '/usr/lib64/libc.so' points to 'libc-2.so', which does \
                not exist); 'libd.so', which '/lib64/libb.so' needs, in \(standard)
                hint: install the package that has it, or name its directory in /etc/ld.so.conf
                """
        )
    }

    @Test func `libraries that match a pattern bring their own needs`() throws {
        try program(.program(needs: ["liba.so"], rpath: "/private"))
        try library("/private/liba.so")
        try library("/lib64/libnss_files.so.2", needs: ["liba.so", "libb.so"])
        try library("/lib64/libnss_dns.so.2")
        try library("/private/libb.so")
        #expect(
            try libraries(opening: ["/lib64/libnss_*.so.2"]) == [
                "/lib64/libnss_dns.so.2", "/lib64/libnss_files.so.2", "/private/liba.so", "/private/libb.so",
            ]
        )
    }

    @Test func `a need of an opened library must be found in one of the programs`() throws {
        try host.write("/bin/plain", ELFBuilder.program().build())
        try program(.program(rpath: "/private"))
        try library("/lib64/plugin.so", needs: ["liba.so"])
        try library("/private/liba.so")
        let patterns: [ByteString] = ["/lib64/plugin.so"]
        let closure = try host.closure(of: "/bin/plain", "/bin/x", opening: patterns)
        #expect(closure.reason("/private/liba.so") == .needed(by: "/lib64/plugin.so"))
        #expect(throws: MissingLibraries.self) { try host.closure(of: "/bin/plain", opening: patterns) }
    }

    @Test func `a pattern that matches nothing is an error`() throws {
        try program(.program())
        #expect(throws: ExecutableFailure(.matchesNothing, path: "/lib64/libnss_*")) {
            try libraries(opening: ["/lib64/libnss_*"])
        }
    }

    @Test func `the result does not depend on the order of the executables`() throws {
        try program(.program(needs: ["liba.so"]))
        try host.write("/bin/y", ELFBuilder.program(needs: ["liba.so"]).build())
        try library("/lib64/liba.so")
        let (one, other) = (try host.closure(of: "/bin/x", "/bin/y"), try host.closure(of: "/bin/y", "/bin/x"))
        #expect(one.paths == other.paths)
        #expect(one.paths == ["/bin/x", "/bin/y", "/lib64/ld-linux-x86-64.so.2", "/lib64/liba.so"])
    }
}
