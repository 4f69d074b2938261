// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Random numbers that a seed determines (SplitMix64), and the distributions that the workloads are made of.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number of [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func isTrue(withProbability probability: Double) -> Bool { unit() < probability }

    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    mutating func normal() -> Double { sqrt(-2 * log(1 - unit())) * cos(2 * .pi * unit()) }

    mutating func logNormal(median: Double, sigma: Double) -> Double { median * exp(sigma * normal()) }

    /// A number of Lomax's distribution: many small ones, a few very large ones.
    mutating func pareto(_ shape: Double) -> Double { pow(1 - unit(), -1 / shape) - 1 }

    /// The place of a weight, chosen in proportion to the weights.
    mutating func index(weights: ArraySlice<Double>, sum: Double) -> Int {
        var left = unit() * sum
        for index in weights.indices {
            left -= weights[index]
            if left < 0 { return index }
        }
        return weights.endIndex - 1
    }
}
