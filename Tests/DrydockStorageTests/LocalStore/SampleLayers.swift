// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockStorage

/// Layers that no build has made.
enum SampleLayers {
    /// A time at which tests begin: 2026-01-01.
    static let now: Int64 = 1_767_225_600
    static let day: Int64 = 86_400

    /// A key, different for each number.
    static func key(_ number: Int) -> LayerKey {
        LayerKey(
            formatVersion: 1,
            storeObjects: [
                LayerKey.StoreObject(
                    path: "/nix/store/00000000000000000000000000000000-sample-\(number)",
                    narHash: Digest(of: Array("nar \(number)".utf8)),
                    registrationTime: 1_700_000_000,
                    inode: UInt64.max - UInt64(number)
                )
            ],
            owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
            modificationTime: 1
        )
    }

    /// What is remembered for that key: a function of the number, so that a wrong answer is noticed.
    static func measure(_ number: Int) -> LayerMeasure {
        LayerMeasure(
            diffID: Digest(of: Array("tar \(number)".utf8)),
            size: Int64(number) * 512 + 10_240,
            checksum: number % 3 == 0 ? nil : Checksum(bits: UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
        )
    }

    /// Keys and measures.
    static func layers(_ numbers: Range<Int>) -> [LayerKey: LayerMeasure] {
        Dictionary(uniqueKeysWithValues: numbers.map { (key($0), measure($0)) })
    }

    /// Which of these numbers are remembered, as the store says.
    ///
    /// - Throws: ``WrongAnswer`` if something else is remembered for one.
    static func remembered(_ numbers: Range<Int>, in found: [LayerKey: RememberedLayer]) throws -> [Int] {
        try numbers.filter { number in
            guard let layer = found[key(number)] else { return false }
            guard layer.key == key(number), layer.measure == measure(number) else { throw WrongAnswer(layer: layer) }
            return true
        }
    }

    /// The store has said something that nobody told it: the one thing that must never happen.
    struct WrongAnswer: Error {
        let layer: RememberedLayer
    }
}

extension LocalStore {
    /// Which of these numbers are remembered.
    func remembered(_ numbers: Range<Int>) throws -> [Int] {
        try SampleLayers.remembered(numbers, in: try lookup(numbers.map(SampleLayers.key)))
    }
}
