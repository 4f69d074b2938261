// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Testing

@Suite struct SpecTimestampTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let seconds: Int64
        let nanoseconds: Int32
        let normalised: String

        init(_ text: String, _ seconds: Int64, _ normalised: String, nanoseconds: Int32 = 0) {
            self.text = text
            self.seconds = seconds
            self.nanoseconds = nanoseconds
            self.normalised = normalised
        }

        var testDescription: String { text }
    }

    static let cases = [
        Case("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
        Case("1970-01-01T00:00:01Z", 1, "1970-01-01T00:00:01Z"),
        Case("2000-02-29t23:59:59z", 951_868_799, "2000-02-29T23:59:59Z"),
        Case("2024-02-29T12:00:00+01:30", 1_709_202_600, "2024-02-29T10:30:00Z"),
        Case("2023-12-31T23:30:00-01:00", 1_704_069_000, "2024-01-01T00:30:00Z"),
        Case("2038-01-19T03:14:08.5Z", 2_147_483_648, "2038-01-19T03:14:08.5Z", nanoseconds: 500_000_000),
        Case("2024-01-01T00:00:00.000000001Z", 1_704_067_200, "2024-01-01T00:00:00.000000001Z", nanoseconds: 1),
        Case("2024-01-01T00:00:00.120Z", 1_704_067_200, "2024-01-01T00:00:00.12Z", nanoseconds: 120_000_000),
        Case(
            "9999-12-31T23:59:59.999999999-00:00",
            253_402_300_799,
            "9999-12-31T23:59:59.999999999Z",
            nanoseconds: 999_999_999
        ),
    ]

    @Test(arguments: cases) func `a time is read and written in UTC`(_ value: Case) throws {
        let instant = try #require(Timestamp.Instant(rfc3339: value.text))
        #expect(instant == Timestamp.Instant(seconds: value.seconds, nanoseconds: value.nanoseconds))
        #expect(instant.rfc3339 == value.normalised)
        #expect(instant.description == value.normalised)
    }

    @Test(arguments: [
        "", "2024", "2024-01-01", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-1-1T00:00:00Z",
        "2024-00-01T00:00:00Z", "2024-04-31T00:00:00Z", "2100-02-29T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.0123456789Z",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00ZZ", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "１９７０-01-01T00:00:00Z",
    ])
    func `anything else is not a time`(_ text: String) {
        #expect(Timestamp.Instant(rfc3339: text) == nil)
    }

    @Test func `every day of two leap cycles survives a round trip`() throws {
        for day in stride(from: Int64(0), to: 146_097 * 2, by: 1) {
            let instant = Timestamp.Instant(seconds: day * 86_400 + 3_661)
            #expect(Timestamp.Instant(rfc3339: instant.rfc3339) == instant)
        }
    }

    @Test func `times by name are resolved when the image is built`() throws {
        let now = Timestamp.Instant(seconds: 5, nanoseconds: 6)
        #expect(try Timestamp.now.instant(now: now, sourceDateEpoch: nil) == now)
        #expect(try Timestamp.defaultTime.instant(now: now, sourceDateEpoch: "7") == Timestamp.Instant(seconds: 1))
        #expect(try Timestamp.sourceDateEpoch.instant(now: now, sourceDateEpoch: "7") == Timestamp.Instant(seconds: 7))
    }

    @Test func `a variable that is not set is an error`() {
        let error = #expect(throws: Timestamp.ResolutionFailure.self) {
            try Timestamp.sourceDateEpoch.instant(now: Timestamp.Instant(seconds: 5), sourceDateEpoch: nil)
        }
        let expected = """
            The spec asks for the time in SOURCE_DATE_EPOCH, and that variable is not set
            hint: set it to a number of seconds, for example with \
            'export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)'
            """
        #expect(error?.description == expected)
    }

    @Test(arguments: ["", "-1", "1.5", "2024-01-01", "253402300800", "99999999999999999999"])
    func `a variable that is not a number of seconds is an error`(_ text: String) {
        let error = #expect(throws: Timestamp.ResolutionFailure.self) {
            try Timestamp.sourceDateEpoch.instant(now: Timestamp.Instant(seconds: 5), sourceDateEpoch: text)
        }
        let expected = "SOURCE_DATE_EPOCH is '\(text)', expected a number of seconds from 0 to 253402300799"
        #expect(error?.description == expected)
    }
}
