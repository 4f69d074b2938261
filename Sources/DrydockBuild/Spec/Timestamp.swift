// SPDX-License-Identifier: Apache-2.0

/// A time in a spec: fixed, or asked for by name and read when the image is built.
public enum Timestamp: Hashable, Sendable {
    /// A fixed time.
    case fixed(Instant)
    /// The time of the build, which makes the image different each time.
    case now
    /// The value of the variable `SOURCE_DATE_EPOCH` at the time of the build.
    ///
    /// [Specification](https://reproducible-builds.org/specs/source-date-epoch/).
    case sourceDateEpoch

    /// One second after the epoch: the time of everything that says nothing else.
    public static let defaultTime = Timestamp.fixed(Instant(seconds: 1))

    /// A point in time, in seconds and nanoseconds since 1970-01-01T00:00:00Z.
    public struct Instant: Hashable, Comparable, Sendable {
        /// Whole seconds since the epoch.
        public let seconds: Int64
        /// Nanoseconds after that second, from 0 to 999,999,999.
        public let nanoseconds: Int32

        /// A point in time.
        public init(seconds: Int64, nanoseconds: Int32 = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        /// The earlier one is less.
        public static func < (left: Instant, right: Instant) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    /// Why `SOURCE_DATE_EPOCH` cannot be used.
    public enum ResolutionFailure: Error, Equatable, CustomStringConvertible {
        /// The variable is asked for and not set.
        case missingSourceDateEpoch
        /// The variable is not a number of seconds between 1970 and 9999.
        case malformedSourceDateEpoch(String)

        /// One sentence for the person, and what to do.
        public var description: String {
            switch self {
            case .missingSourceDateEpoch:
                "The spec asks for the time in SOURCE_DATE_EPOCH, and that variable is not set\n"
                    + "hint: set it to a number of seconds, for example with "
                    + "'export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)'"
            case .malformedSourceDateEpoch(let text):
                "SOURCE_DATE_EPOCH is \(SpecProblem.quoted(text)), expected a number of seconds from 0 to "
                    + "\(Instant.lastSecond)"
            }
        }
    }

    /// The point in time that is meant, given the time of the build and the variable's value.
    ///
    /// - Throws: ``ResolutionFailure`` if the variable is asked for, and not set or not a number.
    public func instant(now: Instant, sourceDateEpoch: String?) throws(ResolutionFailure) -> Instant {
        switch self {
        case .fixed(let instant): return instant
        case .now: return now
        case .sourceDateEpoch:
            guard let text = sourceDateEpoch else { throw .missingSourceDateEpoch }
            guard !text.isEmpty, text.utf8.allSatisfy(isDigit), let seconds = Int64(text),
                seconds <= Instant.lastSecond
            else { throw .malformedSourceDateEpoch(text) }
            return Instant(seconds: seconds)
        }
    }
}

extension Timestamp {
    /// Reads the form of the spec: `now`, `SOURCE_DATE_EPOCH`, or RFC 3339; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "now": self = .now
        case "SOURCE_DATE_EPOCH": self = .sourceDateEpoch
        default:
            guard let instant = Instant(rfc3339: text) else { return nil }
            self = .fixed(instant)
        }
    }
}

extension SpecRule {
    /// The forms of ``Timestamp``.
    static let timestamp = SpecRule(
        "a time",
        hint: "write now, SOURCE_DATE_EPOCH, or a time from 1970 to 9999 such as 2024-02-29T12:00:00Z"
    ) { Timestamp($0) != nil }
}
