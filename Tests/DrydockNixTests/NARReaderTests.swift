// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import Testing

@Suite struct NARReaderTests {
    private static let tree: [NARItem] = [
        .event(.directory(name: "")),
        .event(.symlink(name: ".-", target: "/nix/store")),
        .event(.file(name: "B", size: 0, isExecutable: true)), .content([]),
        .event(.directory(name: "a")), .event(.endOfDirectory),
        .event(.directory(name: "a-")),
        .event(.file(name: "x", size: 9, isExecutable: false)), .content(Array("123456789".utf8)),
        .event(.symlink(name: "y", target: ByteString([0xFF, 0x2F, 0x80]))),
        .event(.endOfDirectory),
        .event(
            .file(name: ByteString([UInt8](repeating: 0x62, count: 255)), size: 200_000, isExecutable: false)
        ),
        .content((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }),
        .event(.symlink(name: "new\nline", target: ByteString([UInt8](repeating: 0x74, count: 4095)))),
        .event(.file(name: ByteString([0xC3]), size: 8, isExecutable: true)), .content([1, 2, 3, 4, 5, 6, 7, 8]),
        .event(.endOfDirectory),
    ]

    @Test(arguments: [1, 7, 4096, 65_536, .max], [1, 300, 65_536, 200_000])
    func `what was written is read, in pieces of any size`(chunk: Int, piece: Int) throws {
        // The largest piece is given to the source directly.
        guard chunk > 1 || piece == 300 else { return }
        let bytes = NARWriter.bytes(of: Self.tree)
        var reader = NARReader(ArrayNAR(bytes, chunk: chunk))
        #expect(try reader.items(piece: piece) == Self.tree)
        #expect(reader.offset == Int64(bytes.count))
        #expect(try reader.next() == nil)
    }

    @Test func `content that is not read is passed over`() throws {
        var reader = NARReader(ArrayNAR(NARWriter.bytes(of: Self.tree), chunk: 1000))
        var events: [NARItem] = []
        while let event = try reader.next() { events.append(.event(event)) }
        #expect(events == Self.tree.filter { if case .event = $0 { true } else { false } })
    }

    @Test func `the root may be a file or a link`() throws {
        let file: [NARItem] = [.event(.file(name: "", size: 3, isExecutable: false)), .content([1, 2, 3])]
        var reader = NARReader(ArrayNAR(NARWriter.bytes(of: file)))
        #expect(try reader.items() == file)
        reader = NARReader(ArrayNAR(NARBuilder.link(to: "x")))
        #expect(try reader.items() == [.event(.symlink(name: "", target: "x"))])
    }

    @Test func `a NAR that ends anywhere is refused where it ends`() throws {
        let bytes = NARWriter.bytes(of: [
            .event(.directory(name: "")),
            .event(.file(name: "f", size: 9, isExecutable: true)), .content(Array("123456789".utf8)),
            .event(.symlink(name: "l", target: "target")),
            .event(.endOfDirectory),
        ])
        for length in 0..<bytes.count {
            var reader = NARReader(ArrayNAR(Array(bytes[..<length]), chunk: 5))
            #expect(throws: NARReadingFailure(.truncated, at: Int64(length))) { try reader.items() }
        }
    }

    @Test func `an error is thrown again`() {
        var reader = NARReader(ArrayNAR(NARBuilder.directory(of: ["b", "a", "c"])))
        for _ in 0..<3 {
            #expect(throws: NARReadingFailure(.unsorted("a", after: "b"), at: 312)) { try reader.items() }
        }
    }

    @Test func `a file of any size costs no memory`() throws {
        var nar = NARBuilder()
        nar.add("(", "type", "regular", "contents")
        nar.add(length: 1 << 62)
        nar.add(raw: [1])
        var reader = NARReader(ArrayNAR(nar.bytes))
        #expect(try reader.next() == .file(name: "", size: 1 << 62, isExecutable: false))
        #expect(throws: NARReadingFailure(.truncated, at: Int64(nar.bytes.count))) { try reader.next() }
    }

    @Test func `directories are inside each other up to the limit`() throws {
        var reader = NARReader(ArrayNAR(NARBuilder.nested(512)))
        #expect(try reader.items().count == 1024)
        reader = NARReader(ArrayNAR(NARBuilder.nested(513)))
        let failure = #expect(throws: NARReadingFailure.self) { try reader.items() }
        #expect(failure?.reason == .tooDeep(limit: 512))
    }

    @Test func `there are as many entries as the limit`() throws {
        var limits = NARLimits.standard
        limits.entryCount = 3
        var reader = NARReader(ArrayNAR(NARBuilder.directory(of: ["a", "b"])), limits: limits)
        #expect(try reader.items().count == 6)
        reader = NARReader(ArrayNAR(NARBuilder.directory(of: ["a", "b", "c"])), limits: limits)
        let failure = #expect(throws: NARReadingFailure.self) { try reader.items() }
        #expect(failure?.reason == .tooManyEntries(limit: 3))
    }
}
