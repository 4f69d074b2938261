// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import DrydockTestSupport
import Testing

/// The reader on what the writer writes.
@Suite struct TarRoundTripTests {
    @Test func `generated entries come back as they were`() throws {
        var generator = SeededGenerator(seed: 7)
        let members = (0..<600).map { _ in member(&generator) }
        var builder = ArchiveBuilder()
        for (entry, content) in members { try builder.add(entry, content: content) }
        builder.addTrailer()
        #expect(builder.bytes.count % 10_240 == 0)
        var reader = TarReader(builder.bytes)
        for (entry, content) in members {
            let found = try #require(try reader.next())
            #expect(found.entry == entry)
            #expect(found.storedSize == content.count)
            // Every third content isn't read, or not to its end.
            if generator.below(3) > 0 { #expect(try reader.content() == content) }
        }
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
    }

    private func member(_ generator: inout SeededGenerator) -> (TarEntry, [UInt8]) {
        var entry = generator.entry()
        var content: [UInt8] = []
        if case .regular = entry.kind {
            content = (0..<generator.pick([0, 1, 511, 512, 513, 2000])).map { UInt8($0 % 251) }
            entry.kind = .regular(size: Int64(content.count))
        }
        let names: [ByteString] = ["security.capability", "trusted.overlay.opaque", "user.caf\u{E9}"]
        entry.extendedAttributes = names.prefix(max(0, generator.below(7) - 3)).map { name in
            ExtendedAttribute(name: name, value: (0..<generator.below(40)).map { _ in UInt8(generator.below(256)) })
        }
        return (entry, content)
    }

    @Test func `a content of more than 8 GiB is passed over`() throws {
        let size: Int64 = 8_589_934_593
        var builder = ArchiveBuilder()
        try builder.add(TarEntry(name: "huge", kind: .regular(size: size), mode: 0o644))
        // The content, its padding and the end of the archive are zeros.
        var reader = TarReader(ArraySource(builder.bytes, zeros: TarFormat.paddedSize(size) + 1024))
        let member = try #require(try reader.next())
        #expect(member.entry.kind == .regular(size: size))
        #expect(member.dataOffset == 1536)
        #expect(try reader.next() == nil)
    }
}
