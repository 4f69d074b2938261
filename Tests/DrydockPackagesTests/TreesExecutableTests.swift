// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Foundation
import Testing

/// Executables of this host as entries of an image.
@Suite
struct ExecutableTreeTests {
    private let machine: Machine

    init() throws { machine = try Machine(architecture: HostExecutableTests.architecture) }

    @Test
    func `a program has its links first and then its files, as they are on the host`() throws {
        let closure = try ExecutableResolver(machine: machine).closure(of: ["/usr/bin/env"])
        let entries = try ExecutableTree(closure: closure, style: Trees.style, cache: nil).entries()
        let relative = { (path: ByteString) in ByteString(path.bytes.drop { $0 == UInt8(ascii: "/") }) }
        let paths = closure.links.map(\.path) + closure.files.map(\.path)
        #expect(entries.map(\.path) == paths.map(relative))
        for (entry, link) in zip(entries, closure.links) { #expect(entry.node == .symlink(link.target)) }
        for entry in entries.dropFirst(closure.links.count) {
            let status = try FileStatus(of: "/\(entry.path)", followingLinks: false)
            #expect(entry.attributes.mode == status.mode)
            #expect(entry.attributes.owner == Trees.style.owner)
            #expect(entry.attributes.modificationTime == 33)
            let bytes = try Data(contentsOf: URL(filePath: "/\(entry.path)"))
            #expect(try Trees.content(of: entry, pieces: 1 << 20) == Array(bytes))
        }
    }

    @Test
    func `the loader's cache is a file beside them`() throws {
        let closure = try ExecutableResolver(machine: machine).closure(of: ["/usr/bin/env"])
        let cache = LoaderCache(of: [], machine: machine)
        let entries = try ExecutableTree(closure: closure, style: Trees.style, cache: cache).entries()
        let entry = try #require(entries.last)
        #expect(entry.path == "etc/ld.so.cache")
        #expect(entry.attributes.mode == 0o644)
        #expect(try Trees.content(of: entry) == cache.bytes)
    }

    @Test(.requires("setcap"), .requiresRoot)
    func `capabilities of a program are kept and a file that is gone is an error`() async throws {
        try await Trees.made(by: "cp /usr/bin/env tool; chmod 755 tool; setcap cap_net_raw=ep tool") { directory in
            let path = directory + "/tool"
            let closure = try ExecutableResolver(machine: machine).closure(of: [ByteString(path)])
            let tree = ExecutableTree(closure: closure, style: Trees.style, cache: nil)
            let name = ByteString(String(path.dropFirst()))
            let entry = try #require(Trees.entry(name, of: try tree.entries()))
            #expect(entry.attributes.extendedAttributes.map(\.name) == ["security.capability"])
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: SystemError("read", path, errorNumber: 2)) { try tree.entries() }
        }
    }
}
