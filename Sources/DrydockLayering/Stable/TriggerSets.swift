// SPDX-License-Identifier: Apache-2.0

/// Which units change a unit: itself and everything that it reaches.
///
/// A set is a row of bits, one column for each unit. The columns of one kind stand together and begin with a block of 512, so
/// that counting the bits of some blocks counts the units of one kind. All sets of 100,000 units would take more than a
/// gigabyte: they are computed for one block of columns at a time, and only the rows that are asked for are kept.
struct TriggerSets {
    /// 512 columns.
    typealias Block = SIMD8<UInt64>

    /// The columns in a block.
    private static let columns = Block.scalarCount * UInt64.bitWidth

    /// The model that says how likely the units change.
    let model: ChangeModel
    /// The blocks of each kind that there is.
    let blocksOfKind: [(kind: ChangeModel.Kind, blocks: Range<Int>)]

    /// The units.
    let units: ChangeUnits
    private let columnOf: [Int]
    /// The place in the order "dependencies first" from which on units have bits in a block.
    private let firstOfBlock: [Int]

    /// The sets of all units.
    init(units: ChangeUnits, model: ChangeModel) {
        self.units = units
        self.model = model
        var columnOf = Array(repeating: 0, count: units.count)
        var firstOfBlock: [Int] = []
        var blocksOfKind: [(kind: ChangeModel.Kind, blocks: Range<Int>)] = []
        for kind in ChangeModel.Kind.allCases {
            let firstBlock = firstOfBlock.count
            var column = firstBlock * Self.columns
            for (place, unit) in units.dependenciesFirst.enumerated() where model.kinds[unit] == kind {
                if column == firstOfBlock.count * Self.columns { firstOfBlock.append(place) }
                columnOf[unit] = column
                column += 1
            }
            if firstOfBlock.count > firstBlock { blocksOfKind.append((kind, firstBlock..<firstOfBlock.count)) }
        }
        self.columnOf = columnOf
        self.firstOfBlock = firstOfBlock
        self.blocksOfKind = blocksOfKind
    }

    /// The number of blocks in a row.
    var width: Int { firstOfBlock.count }

    /// The union of the sets of each group's units.
    func rows(of groups: [[Int]]) -> TriggerRows {
        var rows = TriggerRows(sets: self, count: groups.count)
        for block in 0..<width {
            let bits = bits(ofBlock: block)
            for (group, members) in groups.enumerated() {
                var union = Block()
                for unit in members { union |= bits[unit] }
                rows.set(union, row: group, block: block)
            }
        }
        return rows
    }

    /// The probabilities that an update changes each of the given units.
    func probabilities(of chosen: [Int]) -> [Double] {
        var staying = Array(repeating: ChangeModel.Staying(), count: chosen.count)
        for (kind, blocks) in blocksOfKind {
            var counts = Array(repeating: 0, count: chosen.count)
            for block in blocks {
                let bits = bits(ofBlock: block)
                for (index, unit) in chosen.enumerated() { counts[index] += bits[unit].bitCount }
            }
            for index in chosen.indices { model.add(counts[index], of: kind, to: &staying[index]) }
        }
        return staying.map(\.probabilityOfChange)
    }

    /// The columns of one block for every unit.
    private func bits(ofBlock block: Int) -> [Block] {
        var bits = Array(repeating: Block(), count: units.count)
        let first = block * Self.columns
        for unit in units.dependenciesFirst[firstOfBlock[block]...] {
            var set = Block()
            for reference in units.references[unit] { set |= bits[reference] }
            let column = columnOf[unit] - first
            if (0..<Self.columns).contains(column) {
                set[column / UInt64.bitWidth] |= 1 << UInt64(column % UInt64.bitWidth)
            }
            bits[unit] = set
        }
        return bits
    }
}

extension SIMD8<UInt64> {
    /// The number of bits that are set.
    ///
    /// In parallel for the eight words: the instruction that counts bits is not part of the oldest x86-64 processors, and
    /// without it counting word by word takes half of the whole planning.
    @inline(__always)
    var bitCount: Int {
        var sums = self &- ((self &>> 1) & Self(repeating: 0x5555_5555_5555_5555))
        let pairs = Self(repeating: 0x3333_3333_3333_3333)
        sums = (sums & pairs) &+ ((sums &>> 2) & pairs)
        sums = (sums &+ (sums &>> 4)) & Self(repeating: 0x0f0f_0f0f_0f0f_0f0f)
        // A byte has at most 8, so the eight words together have at most 64 in each byte.
        let sum = sums.wrappedSum()
        let halves = (sum & 0x00ff_00ff_00ff_00ff) &+ ((sum >> 8) & 0x00ff_00ff_00ff_00ff)
        return Int((halves &* 0x0001_0001_0001_0001) >> 48)
    }
}
