// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockTestSupport
import Testing

@Suite struct ReferenceScannerTests {
    private static let digits = Array("0123456789abcdfghijklmnpqrsvwxyz".utf8)

    private static func path(_ hashPart: String, _ name: String = "x") throws -> StorePath {
        try StorePath(baseName: "\(hashPart)-\(name)")
    }

    private static func found(_ candidates: [StorePath], in text: String) -> [StorePath] {
        var scanner = ReferenceScanner(candidates)
        scanner.update(Array(text.utf8).span)
        return scanner.found
    }

    private static let a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    private static let b = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

    @Test func `a hash part is found wherever it stands`() throws {
        let (a, b) = (try Self.path(Self.a), try Self.path(Self.b))
        #expect(Self.found([b, a], in: "") == [])
        #expect(Self.found([b, a], in: Self.a) == [a])
        #expect(Self.found([b, a], in: "/nix/store/\(Self.b)-x") == [b])
        // Nix doesn't look at what stands around the digits.
        #expect(Self.found([b, a], in: "zz\(Self.a)zz") == [a])
        #expect(Self.found([b, a], in: "a\(Self.b)") == [a, b])
        #expect(Self.found([b, a], in: "\(Self.b) e \(Self.a)") == [a, b])
        #expect(Self.found([b, a], in: "\(Self.a.dropLast())-a") == [])
        #expect(Self.found([b, a], in: Self.a.uppercased()) == [])
        #expect(Self.found([], in: Self.a) == [])
    }

    @Test func `store paths with the same hash part are all found`() throws {
        let paths = [try Self.path(Self.a, "x"), try Self.path(Self.a, "x.lock")]
        #expect(Self.found(paths, in: Self.a) == paths)
    }

    @Test func `a fresh scanner has seen nothing`() throws {
        var scanner = ReferenceScanner([try Self.path(Self.a)])
        scanner.update(Array(Self.a.utf8.dropLast()).span)
        var fresh = scanner.fresh
        fresh.update([UInt8(ascii: "a")].span)
        #expect(fresh.found == [])
        scanner.update([UInt8(ascii: "a")].span)
        #expect(scanner.found.count == 1)
        #expect(scanner.fresh.found == [])
    }

    @Test(arguments: 0...40) func `a hash part across a border is found`(border: Int) throws {
        let a = try Self.path(Self.a)
        let bytes = Array("...\(Self.a)...".utf8)
        let split = min(border, bytes.count)
        var scanner = ReferenceScanner([a])
        scanner.update(Array(bytes[..<split]).span)
        scanner.update([UInt8]().span)
        scanner.update(Array(bytes[split...]).span)
        #expect(scanner.found == [a])
    }

    /// Compared with looking at each place, in texts of few different bytes, so that much nearly matches.
    @Test(arguments: 0..<20) func `all pieces together give what each place gives`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = generator.pick([Self.digits, Array("ab".utf8), Array("abe".utf8), Array("0z-".utf8)])
        let candidates = try (0..<20).map { _ in
            try Self.path(String(decoding: (0..<32).map { _ in generator.pick(Self.digits) }, as: UTF8.self))
        }
        for _ in 0..<30 {
            var text: [UInt8] = []
            for _ in 0..<10 {
                text += (0..<generator.below(60)).map { _ in generator.pick(alphabet) }
                let hashPart = Array(generator.pick(candidates).hashPart.utf8)
                if generator.below(3) == 0 { text += hashPart.dropFirst(generator.pick([0, 0, 1, 31])) }
                if generator.below(3) == 0 { text += hashPart.dropLast(generator.pick([0, 0, 1, 31])) }
            }
            var scanner = ReferenceScanner(candidates)
            var rest = text[...]
            while !rest.isEmpty {
                let piece = rest.prefix(1 + generator.below(generator.pick([3, 40, 1000])))
                scanner.update(Array(piece).span)
                rest = rest.dropFirst(piece.count)
            }
            let whole = String(decoding: text, as: UTF8.self)
            #expect(scanner.found == candidates.filter { whole.contains($0.hashPart) }.sorted())
        }
    }
}
