// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

/// Programs with random damage: each is read, or refused with an error that names it.
@Suite struct ELFMutationTests {
    private static let seeds = [
        ELFBuilder.program(needs: ["libx.so.1"], rpath: "$ORIGIN/../lib", runpath: "/lib:$LIB").build(),
        ELFBuilder.library("libx.so.1", needs: ["liby.so", "libz.so"]).build(),
        ELFBuilder(isWide: false, order: .big, interpreter: "/lib/ld.so", needed: ["libx.so.1"]).build(),
    ]

    @Test(arguments: 0..<4) func `a damaged program is read or refused`(part: UInt64) throws {
        let host = try SyntheticHost()
        var generator = SeededGenerator(seed: part)
        var refused = 0
        for number in 0..<400 {
            try host.write("/x", Self.damaged(generator.pick(Self.seeds), &generator))
            do { _ = try host.closure(of: "/x") } catch {
                refused += 1
                let isKnown =
                    error is ELFFailure || error is ExecutableFailure || error is PathFailure
                    || error is MissingLibraries
                #expect(isKnown, "\(part), \(number): \(error)")
                #expect("\(error)".contains("/x") || "\(error)".contains("'"), "\(part), \(number): \(error)")
            }
        }
        #expect(refused > 200)
    }

    private static func damaged(_ seed: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        for _ in 0...generator.below(4) {
            let place = generator.below(bytes.count)
            switch generator.below(8) {
            case 0: bytes.removeLast(min(generator.below(bytes.count), bytes.count - 4))
            case 1: bytes.insert(UInt8(generator.below(256)), at: place)
            case 2:
                // Sizes and places that are far away.
                let end = min(place + 8, bytes.count)
                bytes.replaceSubrange(place..<end, with: repeatElement(0xFF, count: end - place))
            default: bytes[place] = generator.pick([0, 1, 2, 0x20, 0x7F, 0x80, 0xFE, 0xFF])
            }
        }
        return bytes
    }
}
