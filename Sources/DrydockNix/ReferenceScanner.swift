// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// Finds which store paths some bytes mention, as Nix does: by their hash parts, wherever they stand.
///
/// The bytes come in any pieces; a hash part that lies across a border is found too. Nix looks through the NAR of a
/// store object, which has the names of files and the targets of links beside the contents.
public struct ReferenceScanner: Sendable {
    private let candidates: HashPartTable
    private var occurs: [Bool]
    private var windows = HashPartWindows()

    /// A scanner for the hash parts of these store paths.
    public init(_ candidates: some Sequence<StorePath>) {
        self.init(HashPartTable(candidates))
    }

    private init(_ candidates: HashPartTable) {
        self.candidates = candidates
        occurs = Array(repeating: false, count: candidates.paths.count)
    }

    /// A scanner for the same store paths that has seen no bytes; the table is shared.
    public var fresh: ReferenceScanner { ReferenceScanner(candidates) }

    /// The store paths whose hash part has occurred so far, sorted.
    public var found: [StorePath] {
        zip(candidates.paths, occurs).filter(\.1).map(\.0).sorted()
    }

    /// Looks through the next piece.
    public mutating func update(_ piece: borrowing Span<UInt8>) {
        guard !candidates.paths.isEmpty else { return }
        let candidates = candidates
        var numbers: [Int] = []
        windows.update(piece) { bytes, start in
            guard candidates.mayContain(bytes, at: start) else { return }
            numbers += candidates.indices(of: HashPart(bytes, at: start))
        }
        for number in numbers { occurs[number] = true }
    }
}
