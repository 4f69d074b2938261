// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

/// An archive that the reader refuses, and what it says.
struct RefusedArchive: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let failure: String
    var limits = TarLimits(extendedHeaderSize: 2000, nameLength: 600, memberCount: 3, sparseExtentCount: 4)

    init(_ name: String, _ failure: String, build: (inout ArchiveBuilder) -> Void) {
        var builder = ArchiveBuilder()
        build(&builder)
        bytes = builder.bytes
        self.name = name
        self.failure = "Cannot read the tar archive at byte " + failure
    }

    /// The archive without its last bytes.
    init(_ name: String, _ failure: String, cut count: Int, build: (inout ArchiveBuilder) -> Void) {
        self.init(name, failure) { archive in
            var whole = ArchiveBuilder()
            build(&whole)
            archive.addRaw(Array(whole.bytes.dropLast(count)))
        }
    }

    var testDescription: String { name }
}

@Suite struct TarReadingFailureTests {
    @Test(arguments: RefusedArchive.blocks + RefusedArchive.names + RefusedArchive.records + RefusedArchive.sparse)
    func `an archive that is damaged or hostile is refused with a sentence`(archive: RefusedArchive) throws {
        var reader = TarReader(archive.bytes, limits: archive.limits)
        let failure = try #require(throws: TarReadingFailure.self) { try reader.members() }
        #expect(failure.description == archive.failure)
        #expect(throws: failure, "The failure stays") { try reader.next() }
        #expect(throws: failure, "The failure stays") { try reader.content() }
    }

    @Test func `reading a content that is cut off throws`() throws {
        var builder = ArchiveBuilder()
        builder.add(type: "0", content: [UInt8](repeating: 1, count: 600))
        var reader = TarReader(Array(builder.bytes.dropLast(512)))
        _ = try reader.next()
        let failure = try #require(throws: TarReadingFailure.self) { try reader.content() }
        #expect(failure == TarReadingFailure(.truncatedContent(name: "a"), at: 0))
        #expect(throws: failure) { try reader.next() }
    }
}
