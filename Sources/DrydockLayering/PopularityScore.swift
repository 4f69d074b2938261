// SPDX-License-Identifier: Apache-2.0

/// How much of a graph leads to an item: a count without an upper bound.
///
/// Every diamond on the way doubles the number of ways, so a chain of 64 diamonds leaves the range of `UInt64`.
public struct PopularityScore: Hashable, Sendable {
    /// The count in base 2⁶⁴, the lowest digit first, without zeros at the high end.
    package let digits: [UInt64]

    /// The count with these digits in base 2⁶⁴, the lowest first.
    package init(digits: some Collection<UInt64>) {
        let significant = digits.count - (Array(digits.reversed()).firstIndex { $0 != 0 } ?? digits.count)
        self.digits = Array(digits.prefix(significant))
    }
}

extension PopularityScore: Comparable {
    /// Whether the first is the smaller number.
    public static func < (first: PopularityScore, second: PopularityScore) -> Bool {
        guard first.digits.count == second.digits.count else { return first.digits.count < second.digits.count }
        return first.digits.reversed().lexicographicallyPrecedes(second.digits.reversed())
    }
}

extension PopularityScore: CustomStringConvertible {
    /// The number in decimal.
    public var description: String {
        var rest = digits
        var groups: [String] = []
        while !rest.isEmpty {
            let group = String(PopularityScore.divide(&rest))
            let zeros = String(repeating: "0", count: rest.isEmpty ? 0 : PopularityScore.groupWidth - group.count)
            groups.append(zeros + group)
        }
        return groups.isEmpty ? "0" : groups.reversed().joined()
    }

    /// The decimal digits that one division yields: 10¹⁸ is below 2⁶³.
    private static let groupWidth = 18
    private static let groupBase: UInt64 = 1_000_000_000_000_000_000

    /// Divides a number by 10¹⁸ and returns what remains.
    private static func divide(_ number: inout [UInt64]) -> UInt64 {
        var remainder: UInt64 = 0
        for index in number.indices.reversed() {
            (number[index], remainder) = groupBase.dividingFullWidth((high: remainder, low: number[index]))
        }
        while number.last == 0 { number.removeLast() }
        return remainder
    }
}
