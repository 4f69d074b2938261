// SPDX-License-Identifier: Apache-2.0

extension Timestamp.Instant {
    /// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
    static let lastSecond: Int64 = 253_402_300_799

    /// Reads `2024-02-29T12:00:00.5+01:00`; nil for anything else, and for times before 1970 or after 9999.
    ///
    /// Up to nine digits of fraction. No leap seconds: they have no number in the count of seconds.
    /// [RFC 3339, 5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6).
    public init?(rfc3339 text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("Tt"), let hour = scanner.number(2), scanner.skip(":"),
            let minute = scanner.number(2), scanner.skip(":"), let second = scanner.number(2),
            let nanoseconds = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        guard (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year) else { return nil }
        guard hour <= 23, minute <= 59, second <= 59 else { return nil }
        let time = Int64(hour * 3_600 + minute * 60 + second)
        let seconds = Self.days(toYear: year, month: month, day: day) * 86_400 + time - Int64(offset)
        guard year >= 1970, (0...Self.lastSecond).contains(seconds) else { return nil }
        self.init(seconds: seconds, nanoseconds: Int32(nanoseconds))
    }

    /// The time in UTC, with a fraction only if there is one, as RFC 3339 writes it.
    public var rfc3339: String {
        let days = seconds / 86_400
        let time = seconds % 86_400
        let date = Self.civil(fromDays: days)
        let clock = [time / 3_600, time / 60 % 60, time % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        let calendar = [Self.padded(date.year, 4), Self.padded(date.month, 2), Self.padded(date.day, 2)]
        var fraction = nanoseconds == 0 ? "" : "." + Self.padded(Int64(nanoseconds), 9)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return calendar.joined(separator: "-") + "T" + clock + fraction + "Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since the epoch in the Gregorian calendar, for years from 0.
    ///
    /// A year that starts in March has its leap day at its end, so that months have a fixed first day:
    /// `(153 * month + 2) / 5`.
    private static func days(toYear year: Int, month: Int, day: Int) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = (month + 9) % 12
        let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return Int64(marchYear * 365 + leapDays + (153 * marchMonth + 2) / 5 + day - 1 - 719_468)
    }

    /// The inverse of ``days(toYear:month:day:)``.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Timestamp.Instant: CustomStringConvertible {
    /// The RFC 3339 form in UTC.
    public var description: String { rfc3339 }
}

/// Reads digits of a fixed width from a text.
private struct DigitScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number(_ width: Int) -> Int? {
        guard rest.count >= width, rest.prefix(width).allSatisfy(isDigit) else { return nil }
        defer { rest = rest.dropFirst(width) }
        return rest.prefix(width).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// Skips one of some characters.
    mutating func skip(_ characters: String) -> Bool {
        guard let first = rest.first, characters.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Nanoseconds; 0 if there is no point.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        let digits = rest.prefix(while: isDigit)
        guard (1...9).contains(digits.count) else { return nil }
        let value = number(digits.count) ?? 0
        return (digits.count..<9).reduce(value) { value, _ in value * 10 }
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if skip("Zz") { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours <= 23, minutes <= 59 else {
            return nil
        }
        let seconds = hours * 3_600 + minutes * 60
        return isWest ? -seconds : seconds
    }
}
