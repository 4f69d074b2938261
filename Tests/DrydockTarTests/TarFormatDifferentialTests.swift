// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import DrydockTestSupport
import Testing

/// The writer against the standard library of Python, whose bytes it promises.
@Suite struct TarFormatDifferentialTests {
    @Test func `headers of generated entries have the bytes that Python writes`() async throws {
        var generator = SeededGenerator(seed: 20_260_101)
        let entries = (0..<1500).map { _ in generator.entry() }
        let input = entries.map { description(of: $0) + "\n" }.joined()
        let script = ExternalTool.fixture("pax_headers.py")
        let expected = try await ExternalTool.use { try await $0.run(ExternalTool.python, [script], input: input) }
        try #require(expected.count == entries.count)
        for (entry, line) in zip(entries, expected) {
            var header: [UInt8] = []
            try TarFormat.appendHeader(of: entry, to: &header)
            #expect(Hex.encode(header) == line, "\(entry)")
            #expect(try TarFormat.headerSize(of: entry) == header.count)
        }
    }

    private func description(of entry: TarEntry) -> String {
        var type = "0"
        var size: Int64 = 0
        var device: (UInt32, UInt32) = (0, 0)
        switch entry.kind {
        case .regular(let bytes): size = bytes
        case .hardLink: type = "1"
        case .symlink: type = "2"
        case .characterDevice(let major, let minor): (type, device) = ("3", (major, minor))
        case .blockDevice(let major, let minor): (type, device) = ("4", (major, minor))
        case .directory: type = "5"
        case .fifo: type = "6"
        }
        let texts = [entry.name, entry.linkTarget ?? "", ByteString(entry.userName), ByteString(entry.groupName)]
            .map { "." + Hex.encode($0.bytes) }
        return "\(type) \(texts[0]) \(texts[1]) \(entry.mode) \(entry.uid) \(entry.gid) \(size) "
            + "\(entry.modificationTime) \(texts[2]) \(texts[3]) \(device.0) \(device.1)"
    }
}
