// SPDX-License-Identifier: Apache-2.0

/// A number of bytes for people: in decimal units, as disks and networks count, with three digits.
package struct ByteSize: CustomStringConvertible {
    /// The number.
    package let bytes: Int64

    /// A number of bytes.
    package init(_ bytes: Int64) { self.bytes = bytes }

    private static let units = ["kB", "MB", "GB", "TB", "PB", "EB"]

    /// For example: `1.21 GB`.
    package var description: String {
        guard bytes >= 1_000 else { return "\(bytes) B" }
        // Integers only: the text must not depend on how a machine rounds.
        var unit = 0
        var scale: Int64 = 1_000
        while bytes / scale >= 1_000, unit < Self.units.count - 1 {
            unit += 1
            scale *= 1_000
        }
        let whole = bytes / scale
        let fraction = bytes % scale
        let text =
            switch whole {
            case 100...: "\(whole)"
            case 10...: "\(whole).\(fraction / (scale / 10))"
            default: "\(whole).\(Self.twoDigits(fraction / (scale / 100)))"
            }
        return "\(text) \(Self.units[unit])"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
