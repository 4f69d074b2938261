// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

@Suite struct LoaderCacheTests {
    private func library(_ name: ByteString, _ directory: String = "/opt/") -> ExecutableClosure.ConfiguredLibrary {
        ExecutableClosure.ConfiguredLibrary(name: name, path: ByteString(Array(directory.utf8) + name.bytes))
    }

    @Test func `one library gives exactly these bytes`() throws {
        let cache = LoaderCache(of: [library("liba.so")], machine: try Machine(architecture: "amd64"))
        let header = Array("glibc-ld.so.cache1.1".utf8) + [1, 0, 0, 0, 21, 0, 0, 0, 2] + Array(repeating: 0, count: 19)
        let entry: [UInt8] = [3, 3, 0, 0, 72, 0, 0, 0, 80, 0, 0, 0] + Array(repeating: 0, count: 12)
        #expect(cache.bytes == header + entry + Array("liba.so\0/opt/liba.so\0".utf8))
    }

    @Test func `numbers have the byte order of the machine`() throws {
        let cache = LoaderCache(of: [library("liba.so")], machine: try Machine(architecture: "s390x"))
        #expect(Array(cache.bytes[20..<29]) == [0, 0, 0, 1, 0, 0, 0, 21, 3])
        #expect(Array(cache.bytes[48..<60]) == [0, 0, 4, 3, 0, 0, 0, 72, 0, 0, 0, 80])
    }

    @Test func `ldconfig reads the cache and finds every library in the loader's order`() async throws {
        let names: [ByteString] = [
            "libz.so.1", "libz.so.10", "libz.so.9", "liba.so", "lib10.so", "lib9.so", "lib.so", "libz.so", "libZ.so.1",
        ]
        let libraries = names.map { library($0) } + [library("liba.so", "/other/")]
        let cache = LoaderCache(of: libraries, machine: try Machine(architecture: "amd64"))
        let host = try SyntheticHost()
        try host.write("/cache", cache.bytes)
        let printed = try await Command.check(["ldconfig", "-p", "-C", host.root + "/cache"])
        let lines = printed.split(separator: "\n").dropFirst().map {
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        let sorted = [
            "lib10.so", "lib9.so", "libz.so.10", "libz.so.9", "libz.so.1", "libz.so", "liba.so", "libZ.so.1", "lib.so",
        ]
        #expect(lines.prefix(9) == sorted.map { "\($0) (libc6,x86-64) => /opt/\($0)" }[...])
    }
}
