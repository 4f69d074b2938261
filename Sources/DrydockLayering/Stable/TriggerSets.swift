// SPDX-License-Identifier: Apache-2.0

/// Which units change a unit: itself and everything that it reaches.
///
/// A set is a row of bits, one column for each unit. The columns of one kind stand together and begin with a word, so that
/// counting the bits of some words counts the units of one kind. All sets of 100,000 units would take more than a gigabyte:
/// the sets are computed for 512 columns at a time and only what is asked for is kept.
struct TriggerSets {
    /// The number of words in a row.
    let width: Int
    /// The kind of each word's columns, as a raw value of `ChangeModel.Kind`.
    let kindOfWord: [Int]

    private typealias Block = SIMD8<UInt64>

    private let units: ChangeUnits
    private let columnOf: [Int]
    /// The place in the order "dependencies first" from which units can have bits in a block.
    private let firstOfBlock: [Int]

    /// The sets of all units.
    init(units: ChangeUnits, model: ChangeModel) {
        self.units = units
        var columnOf = Array(repeating: 0, count: units.count)
        var kindOfWord: [Int] = []
        for kind in ChangeModel.Kind.allCases {
            var column = kindOfWord.count * UInt64.bitWidth
            for unit in units.dependenciesFirst where model.kinds[unit] == kind {
                columnOf[unit] = column
                column += 1
            }
            while kindOfWord.count * UInt64.bitWidth < column { kindOfWord.append(kind.rawValue) }
        }
        let blocks = (kindOfWord.count + Block.scalarCount - 1) / Block.scalarCount
        var firstOfBlock = Array(repeating: units.count, count: blocks)
        for (place, unit) in units.dependenciesFirst.enumerated().reversed() {
            firstOfBlock[columnOf[unit] / (UInt64.bitWidth * Block.scalarCount)] = place
        }
        width = blocks * Block.scalarCount
        self.kindOfWord = kindOfWord + Array(repeating: 0, count: width - kindOfWord.count)
        self.columnOf = columnOf
        self.firstOfBlock = firstOfBlock
    }

    /// The union of the sets of each group's units, one row after the other.
    func rows(of groups: [[Int]]) -> [UInt64] {
        var rows = Array(repeating: UInt64(0), count: groups.count * width)
        for block in firstOfBlock.indices {
            let bits = bits(ofBlock: block)
            for (group, members) in groups.enumerated() {
                let union = members.reduce(into: Block()) { $0 |= bits[$1] }
                let start = group * width + block * Block.scalarCount
                for lane in 0..<Block.scalarCount { rows[start + lane] = union[lane] }
            }
        }
        return rows
    }

    /// How many units of each kind change each of the given units.
    func counts(of chosen: [Int]) -> [ChangeModel.Counts] {
        var counts = Array(repeating: ChangeModel.Counts(), count: chosen.count)
        for block in firstOfBlock.indices {
            let bits = bits(ofBlock: block)
            for (index, unit) in chosen.enumerated() where bits[unit] != Block() {
                for lane in 0..<Block.scalarCount {
                    counts[index][kindOfWord[block * Block.scalarCount + lane]] += bits[unit][lane].nonzeroBitCount
                }
            }
        }
        return counts
    }

    /// The columns of one block for every unit.
    private func bits(ofBlock block: Int) -> [Block] {
        var bits = Array(repeating: Block(), count: units.count)
        let first = block * UInt64.bitWidth * Block.scalarCount
        for unit in units.dependenciesFirst[firstOfBlock[block]...] {
            var set = Block()
            for reference in units.bounds[unit]..<units.bounds[unit + 1] { set |= bits[units.references[reference]] }
            let column = columnOf[unit] - first
            if column >= 0, column < UInt64.bitWidth * Block.scalarCount {
                set[column / UInt64.bitWidth] |= 1 << UInt64(column % UInt64.bitWidth)
            }
            bits[unit] = set
        }
        return bits
    }
}
