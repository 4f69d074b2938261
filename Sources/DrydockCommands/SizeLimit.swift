// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A number of bytes as it is written on the command line: a number and a unit, `GB` or `GiB`.
struct SizeLimit: ExpressibleByArgument, CustomStringConvertible {
    /// The text as it was written.
    let description: String
    /// The number of bytes.
    let bytes: Int64

    private static let units: [(String, Int64)] = [
        ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1),
    ]
    /// More than any disk holds with the largest unit, and far from overflow.
    private static let limit: Int64 = 1_000_000

    /// Parses for example `20GB`; nil for anything else.
    init?(argument: String) {
        guard let (name, unit) = Self.units.first(where: { argument.hasSuffix($0.0) }) else { return nil }
        let digits = argument.dropLast(name.count)
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(digits), number <= Self.limit || unit == 1
        else { return nil }
        description = argument
        bytes = number * unit
    }
}
