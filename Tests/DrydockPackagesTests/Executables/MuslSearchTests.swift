// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Testing

/// The search of musl's loader.
@Suite struct MuslSearchTests {
    private let host: SyntheticHost
    private static let loader = "/lib/ld-musl-x86_64.so.1"

    init() throws {
        host = try SyntheticHost()
        try host.write(Self.loader, ELFBuilder.library("libc.musl-x86_64.so.1").build())
    }

    private func program(_ needed: [String], rpath: String? = nil, loader: String = Self.loader) throws {
        try host.write("/x", ELFBuilder(interpreter: loader, needed: needed, rpath: rpath).build())
    }

    private func library(_ path: String, needs: [String] = [], runpath: String? = nil) throws {
        try host.write(path, ELFBuilder(needed: needs, runpath: runpath).build())
    }

    private func libraries() throws -> [String] {
        try host.closure(of: "/x").paths.filter { $0 != "/x" && !$0.contains("ld-musl") }
    }

    @Test func `the loader is the C library itself`() throws {
        try program(["libc.musl-x86_64.so.1", "libc.so", "libpthread.so.0", "libm.so.6"])
        #expect(try host.closure(of: "/x").paths == [Self.loader, "/x"])
    }

    @Test func `the default directories are searched in musl's order`() throws {
        try program(["liba.so", "libb.so", "libcrypto.so.3"])
        for directory in ["/lib", "/usr/local/lib", "/usr/lib"] { try library(directory + "/liba.so") }
        for directory in ["/usr/local/lib", "/usr/lib"] { try library(directory + "/libb.so") }
        try library("/usr/lib/libcrypto.so.3")
        #expect(try libraries() == ["/lib/liba.so", "/usr/lib/libcrypto.so.3", "/usr/local/lib/libb.so"])
    }

    @Test func `the path file replaces the default directories`() throws {
        try program(["liba.so", "libb.so"])
        try host.write("/etc/ld-musl-x86_64.path", "/one:/two\n/three\n")
        try library("/lib/liba.so")
        try library("/two/liba.so")
        try library("/three/libb.so")
        #expect(try libraries() == ["/three/libb.so", "/two/liba.so"])
    }

    @Test func `the path file of another prefix belongs to that loader`() throws {
        let loader = "/opt/musl" + Self.loader
        try host.write(loader, ELFBuilder.library("libc.so").build())
        try host.write("/opt/musl/etc/ld-musl-x86_64.path", "/opt/lib")
        try program(["liba.so"], loader: loader)
        try library("/opt/lib/liba.so")
        try library("/lib/liba.so")
        #expect(try libraries() == ["/opt/lib/liba.so"])
    }

    @Test func `a search path is inherited even by what has its own`() throws {
        try program(["liba.so"], rpath: "${ORIGIN}/one")
        try library("/one/liba.so", needs: ["libb.so"], runpath: "$ORIGIN/none")
        try library("/one/libb.so")
        #expect(try libraries() == ["/one/liba.so", "/one/libb.so"])
    }

    @Test func `a search path with a token that musl does not know is ignored`() throws {
        try program(["liba.so"], rpath: "/one:/$LIB")
        try library("/one/liba.so")
        try library("/lib/liba.so")
        #expect(try libraries() == ["/lib/liba.so"])
    }

    @Test func `a library for another machine is an error as it is for musl`() throws {
        try program(["liba.so"])
        try host.write("/lib/liba.so", ELFBuilder(number: 183).build())
        try library("/usr/lib/liba.so")
        let machine = try Machine(architecture: "amd64")
        #expect(throws: ExecutableFailure(.otherMachine(expected: machine, actual: "arm64"), path: "/lib/liba.so")) {
            try libraries()
        }
    }
}

@Suite struct LoaderConfigurationTests {
    private let host: SyntheticHost

    init() throws { host = try SyntheticHost() }

    private func directories() throws -> [String] {
        try LoaderConfiguration(of: HostRoot(host.root)).directories.map(\.description)
    }

    @Test func `a host without a configuration has no directories`() throws {
        #expect(try directories().isEmpty)
    }

    @Test func `directories are read with comments, blanks and old forms`() throws {
        try host.write(
            "/etc/ld.so.conf",
            "# a comment\n\n  /one  # behind\n/two/\t\n/three=libc6\nrelative\nhwcap 0 nosegneg\n/one\n/with space\n/\n/last"
        )
        #expect(try directories() == ["/one", "/two", "/three", "/with space", "/", "/last"])
    }

    @Test func `included files come in the order of their names, in place`() throws {
        try host.write("/etc/ld.so.conf", "/first\ninclude ld.so.conf.d/*.conf /opt/x.conf /none/*.conf\n/last\n")
        try host.write("/etc/ld.so.conf.d/b.conf", "/b\n")
        try host.write("/etc/ld.so.conf.d/a.conf", "/a\ninclude more/m.conf\n")
        try host.write("/etc/ld.so.conf.d/more/m.conf", "/m\n")
        try host.write("/etc/ld.so.conf.d/.hidden.conf", "/hidden\n")
        try host.write("/opt/x.conf", "/x\n")
        #expect(try directories() == ["/first", "/a", "/m", "/b", "/x", "/last"])
    }

    @Test func `a file that includes itself is refused`() throws {
        try host.write("/etc/ld.so.conf", "include a.conf\n")
        try host.write("/etc/a.conf", "include ld.so.conf\n")
        let failure = try #require(throws: LoaderConfigurationFailure.self) { try directories() }
        #expect(
            failure.description
                == "Cannot read the loader's configuration '/etc/ld.so.conf': the file includes itself"
        )
    }

    @Test func `files that double at every level are refused`() throws {
        try host.write("/etc/ld.so.conf", "include 1 1\n")
        for level in 1..<20 { try host.write("/etc/\(level)", "include \(level + 1) \(level + 1)\n") }
        try host.write("/etc/20", "/x\n")
        let failure = try #require(throws: LoaderConfigurationFailure.self) { try directories() }
        #expect(failure.reason == .tooManyFiles)
        #expect(failure.description.hasSuffix(": more than 1000 files are included"))
    }

    @Test func `a file that is too large is refused`() throws {
        try host.write("/etc/ld.so.conf", repeatElement(UInt8(ascii: "#"), count: 1 << 20))
        #expect(try directories().isEmpty)
        try host.write("/etc/ld.so.conf", repeatElement(UInt8(ascii: "#"), count: (1 << 20) + 1))
        let failure = try #require(throws: LoaderConfigurationFailure.self) { try directories() }
        #expect(
            failure.description
                == "Cannot read the loader's configuration '/etc/ld.so.conf': the file has more than 1048576 bytes"
        )
    }
}
