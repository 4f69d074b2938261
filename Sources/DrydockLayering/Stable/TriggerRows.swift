// SPDX-License-Identifier: Apache-2.0

/// For each group of units the units that change any of them, and how likely that is.
struct TriggerRows {
    private let model: ChangeModel
    private let blocksOfKind: [(kind: ChangeModel.Kind, blocks: Range<Int>)]
    private let width: Int
    private var blocks: [TriggerSets.Block]

    /// Empty rows.
    init(sets: TriggerSets, count: Int) {
        model = sets.model
        blocksOfKind = sets.blocksOfKind
        width = sets.width
        blocks = Array(repeating: TriggerSets.Block(), count: count * width)
    }

    /// Gives a row one of its blocks.
    mutating func set(_ bits: TriggerSets.Block, row: Int, block: Int) { blocks[row * width + block] = bits }

    /// Replaces a row by another.
    mutating func copy(_ row: Int, to other: Int) {
        for block in 0..<width { blocks[other * width + block] = blocks[row * width + block] }
    }

    /// Adds the units of another row to a row.
    mutating func formUnion(_ row: Int, with other: Int) {
        for block in 0..<width { blocks[row * width + block] |= blocks[other * width + block] }
    }

    /// The probability that an update changes a group.
    func probability(of row: Int) -> Double { probability(of: row, or: row) }

    /// The probability that an update changes one group or another; the order of the two makes no difference.
    func probability(of row: Int, or other: Int) -> Double {
        let first = row * width
        let second = other * width
        var staying = ChangeModel.Staying()
        for (kind, range) in blocksOfKind {
            var count = 0
            for block in range { count &+= (blocks[first + block] | blocks[second + block]).bitCount }
            model.add(count, of: kind, to: &staying)
        }
        return staying.probabilityOfChange
    }
}
