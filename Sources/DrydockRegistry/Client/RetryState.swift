// SPDX-License-Identifier: Apache-2.0

/// How often and how soon something is tried again.
public struct RetryPolicy: Hashable, Sendable {
    /// How often in a row something may fail; 1 means that it is never tried again.
    public var attempts = 6
    /// The first wait; each further one is twice as long.
    public var firstDelay = Duration.milliseconds(500)
    /// The longest wait that this client chooses.
    public var longestDelay = Duration.seconds(30)
    /// The longest wait that a server may ask for; if it asks for more, the request fails.
    public var longestRetryAfter = Duration.seconds(300)

    /// Six attempts over about half a minute.
    public init() {}
}

/// The failures of one undertaking so far.
///
/// Input: failures and progress. Output: how long to wait before the next attempt, or that there is none. The wait doubles
/// from failure to failure; of it a part between one half and all is waited, by chance, and never less than the server
/// asked for.
package struct RetryState: Hashable, Sendable {
    private let policy: RetryPolicy
    private var failures = 0

    /// No failure so far.
    package init(_ policy: RetryPolicy) { self.policy = policy }

    /// Counts a failure.
    ///
    /// - Parameters:
    ///   - retryAfter: What the server asks for.
    ///   - jitter: From 0 up to 1.
    /// - Returns: How long to wait; nil if it is not to be tried again.
    package mutating func delay(retryAfter: Duration? = nil, jitter: Double) -> Duration? {
        failures += 1
        guard failures < policy.attempts else { return nil }
        if let retryAfter, retryAfter > policy.longestRetryAfter { return nil }
        let doubled = policy.firstDelay * (1 << min(failures - 1, 16))
        let chosen = min(doubled, policy.longestDelay) * (0.5 + jitter / 2)
        return max(chosen, retryAfter ?? .zero)
    }

    /// Something was achieved: earlier failures do not count any more.
    package mutating func progressed() { failures = 0 }
}

/// The value of a `Retry-After` field.
///
/// [RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).
package enum RetryAfter: Sendable {
    /// How long to wait; nil if the text, a number of seconds or a date, is not understood.
    ///
    /// A date is compared with the server's own time, from its `Date` field: this machine's clock may differ.
    package static func duration(_ text: String, date: String?) -> Duration? {
        if let seconds = Int64(text), seconds >= 0 { return .seconds(min(seconds, 1 << 31)) }
        guard let until = HTTPDate.seconds(text), let now = date.flatMap(HTTPDate.seconds) else { return nil }
        return .seconds(max(0, until - now))
    }
}

/// Dates as HTTP servers write them: `Sun, 06 Nov 1994 08:49:37 GMT`.
private enum HTTPDate: Sendable {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970.
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]),
            (1970...9999).contains(year)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3, time.allSatisfy({ (0...60).contains($0) }) else { return nil }
        return days(year, Int64(month) + 1, day) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    }

    /// Days since 1970 in the Gregorian calendar, whose years here begin with March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month > 2 ? year : year - 1
        let month = month > 2 ? month - 3 : month + 9
        return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
    }
}
