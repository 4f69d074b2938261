// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Foundation
import Testing

/// Compares with what the loader of this host itself says.
@Suite struct HostExecutableTests {
    /// Where the programs are that are installed here; the first two are on every Debian system.
    static let programs = [
        "/usr/bin/bash", "/usr/bin/ls", "/usr/bin/perl", "/usr/bin/git", "/usr/bin/python3", "/usr/bin/redis-server",
        "/usr/sbin/nginx", "/usr/bin/gcc", "/usr/bin/env",
    ].filter { FileManager.default.isExecutableFile(atPath: $0) }

    #if arch(x86_64)
        static let architecture = "amd64"
    #elseif arch(arm64)
        static let architecture = "arm64"
    #endif

    private let resolver: ExecutableResolver

    init() throws {
        resolver = ExecutableResolver(machine: try Machine(architecture: Self.architecture))
    }

    @Test(arguments: programs) func `the closure of a program has the libraries that ldd names`(program: String)
        async throws
    {
        let closure = try resolver.closure(of: [ByteString(program)])
        let libraries = Self.libraries(of: try await Command.check(["ldd", program]))
        #expect(closure.paths == Set(try await Self.realPaths(libraries + [program])).sorted())
    }

    @Test(arguments: programs) func `the links of a closure are those of the host and lead to its files`(
        program: String
    ) async throws {
        let closure = try resolver.closure(of: [ByteString(program)])
        for link in closure.links {
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: link.path.description)
            #expect(link.target.description == target)
        }
        // With the links and files alone, the interpreter must be found at the path that programs name.
        let host = try SyntheticHost()
        for file in closure.files { try host.write(file.path.description, [UInt8]()) }
        for link in closure.links { try host.link(link.path.description, to: link.target.description) }
        let root = HostRoot(host.root)
        let libraries = Self.libraries(of: try await Command.check(["ldd", program]))
        let paths = try libraries.map { try root.resolve(ByteString($0)).path.description }
        #expect(paths == (try await Self.realPaths(libraries)))
    }

    @Test func `libraries for name lookups are added by a pattern`() throws {
        let patterns: [ByteString] = ["/lib/*-linux-gnu/libnss_files.so.[12]"]
        let closure = try resolver.closure(of: ["/usr/bin/env"], opening: patterns)
        let file = try #require(closure.files.first { $0.path.description.hasSuffix("/libnss_files.so.2") })
        #expect(file.reason == .matches("/lib/*-linux-gnu/libnss_files.so.[12]"))
    }

    /// The paths that `ldd` prints, without the kernel's own object.
    static func libraries(of text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.first { $0.hasPrefix("/") && words.last?.hasPrefix("(0x") == true }.map(String.init)
        }
    }

    /// The same paths without links, as another program finds them.
    static func realPaths(_ paths: [String]) async throws -> [String] {
        try await Command.check(["realpath"] + paths).split(separator: "\n").map(String.init)
    }
}
