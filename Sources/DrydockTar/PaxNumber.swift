// SPDX-License-Identifier: Apache-2.0

/// Decimal numbers as PAX records and maps of sparse files have them.
enum PaxNumber {
    /// The number that the digits make up; nil if there is something else, nothing, or more than 64 bits hold.
    static func unsigned(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, tensOverflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !tensOverflow, !sumOverflow else { return nil }
            number = sum
        }
        return number
    }

    /// The whole seconds at or before a time that can be negative and can have a fraction.
    static func seconds(_ text: [UInt8]) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = text[(isNegative ? 1 : 0)...].split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let whole = unsigned(parts[0]) else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard fraction.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard isNegative else { return whole }
        // Rounds down: half a second before 1970 is in the second -1.
        return fraction.contains { $0 != UInt8(ascii: "0") } ? -whole - 1 : -whole
    }
}
