// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A span of time as it is written on the command line: a number and a unit.
struct Age: ExpressibleByArgument, CustomStringConvertible {
    /// The text as it was written.
    let description: String
    /// Its length in seconds.
    let seconds: Int64

    private static let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    /// Longer than any cache lives, and far from overflow.
    private static let limit: Int64 = 1_000_000

    /// A number of days.
    init(days: Int64) {
        description = "\(days)d"
        seconds = days * 86_400
    }

    /// Parses for example `30d`; nil for anything else.
    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }),
            argument.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(argument.dropLast()), number <= Self.limit
        else { return nil }
        description = argument
        seconds = number * unit
    }

    /// How the default is shown.
    var defaultValueDescription: String { description }
}
