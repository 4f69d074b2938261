// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockTestSupport
import Testing

/// NARs with random damage: the reader ends, soon, with the tree that has exactly these bytes or with its own error.
@Suite struct NARReaderMutationTests {
    private static let limits = NARLimits(nameLength: 40, targetLength: 60, depth: 8, entryCount: 60)

    @Test(arguments: 0..<8) func `a damaged NAR is read to an end`(part: UInt64) throws {
        var generator = SeededGenerator(seed: part)
        var accepted = 0
        for _ in 0..<1_000 {
            let nar = mutated(generator.nar(), &generator)
            var reader = NARReader(ArrayNAR(nar, chunk: 1 + generator.below(200)), limits: Self.limits)
            do {
                let items = try reader.items(piece: 1 + generator.below(100))
                // Each tree has one NAR, so what is accepted is what would be written.
                #expect(NARWriter.bytes(of: items) == nar)
                accepted += 1
            } catch let failure as NARReadingFailure {
                #expect((0...Int64(nar.count)).contains(failure.offset))
                #expect(failure.description.hasPrefix("Cannot read the NAR at byte \(failure.offset): "))
            }
        }
        // Damage to the contents is none to the NAR, and one in four is left whole.
        #expect((250..<900).contains(accepted))
    }

    private func mutated(_ seed: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        guard generator.below(4) > 0 else { return bytes }
        for _ in 0...generator.below(3) {
            // Strings begin at multiples of eight.
            let word = 8 * generator.below(bytes.count / 8)
            let other = 8 * generator.below(bytes.count / 8)
            switch generator.below(6) {
            case 0: bytes.removeLast(generator.below(bytes.count))
            case 1: bytes.removeSubrange(min(word, other)..<max(word, other))
            case 2: bytes.insert(contentsOf: bytes[min(word, other)..<max(word, other)], at: word)
            case 3: bytes[word] = UInt8(generator.below(256))
            default: bytes[generator.below(bytes.count)] = generator.pick([0, 1, 0x28, 0x2F, 0x61, 0x7F, 0x80, 0xFF])
            }
            if bytes.count < 64 { return bytes }
        }
        return bytes
    }
}

extension SeededGenerator {
    /// A NAR of a small tree.
    fileprivate mutating func nar() -> [UInt8] {
        var items: [NARItem] = []
        append(named: "", depth: 0, to: &items)
        return NARWriter.bytes(of: items)
    }

    private mutating func append(named name: ByteString, depth: Int, to items: inout [NARItem]) {
        switch depth == 0 ? 0 : below(depth > 3 ? 3 : 4) {
        case 0 where depth < 5, 3:
            items.append(.event(.directory(name: name)))
            var names: Set<ByteString> = []
            for _ in 0..<below(4) { names.insert(self.name()) }
            for name in names.sorted() { append(named: name, depth: depth + 1, to: &items) }
            items.append(.event(.endOfDirectory))
        case 1: items.append(.event(.symlink(name: name, target: self.name())))
        default:
            let content = (0..<below(40)).map { UInt8($0) }
            items.append(.event(.file(name: name, size: Int64(content.count), isExecutable: below(2) == 0)))
            items.append(.content(content))
        }
    }

    private mutating func name() -> ByteString {
        let letters = Array("ab.-".utf8) + [0x01, 0xC3, 0xFF]
        let name = ByteString((0...below(20)).map { _ in pick(letters) })
        return name == "." || name == ".." ? "dots" : name
    }
}
