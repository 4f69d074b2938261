// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct PopularityScoreTests {
    struct Number: Sendable, CustomTestStringConvertible {
        let digits: [UInt64]
        let text: String

        var testDescription: String { text }
    }

    static let numbers = [
        Number(digits: [], text: "0"),
        Number(digits: [7, 0, 0], text: "7"),
        Number(digits: [.max], text: "18446744073709551615"),
        Number(digits: [0, 1], text: "18446744073709551616"),
        Number(digits: [1_000_000_000_000_000_000], text: "1000000000000000000"),
        Number(digits: [0, 0, 1], text: "340282366920938463463374607431768211456"),
    ]

    @Test(arguments: numbers)
    func `a score is written in decimal`(number: Number) {
        #expect(PopularityScore(digits: number.digits).description == number.text)
    }

    @Test
    func `scores are ordered as numbers`() {
        let ascending = [[], [1], [.max], [0, 1], [5, 1], [0, 2], [0, 0, 1]].map { PopularityScore(digits: $0) }
        #expect(ascending.shuffled().sorted() == ascending)
        #expect(PopularityScore(digits: [3, 0]) == PopularityScore(digits: [3]))
    }
}
