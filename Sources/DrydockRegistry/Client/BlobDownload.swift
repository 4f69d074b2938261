// SPDX-License-Identifier: Apache-2.0

/// The way of a blob from a registry, over as many requests as it takes.
///
/// Input: answers, numbers of bytes, broken connections. Output: which part to ask for, how much of what comes to leave
/// out, when to give up. A part is asked for as a closed range, which registries answer that refuse open ones. A server
/// that ignores ranges sends everything from the start: what was received before is then skipped. Failures are counted
/// only as long as nothing is received.
package struct BlobDownload: Hashable, Sendable {
    /// What to do next.
    package enum Action: Hashable, Sendable {
        /// Ask for the bytes of a range, or for all.
        case request(ClosedRange<Int64>?)
        /// Wait, then continue with ``BlobDownload/next``.
        case wait(Duration)
        /// Everything was received.
        case done
        /// The server has not sent the bytes, however often it was asked.
        case giveUp
    }

    /// Why a server's answer is of no use.
    package enum Fault: Error, Hashable, Sendable {
        /// It is a part that was not asked for.
        case otherRange
        /// The blob has another size than its descriptor says.
        case otherSize(Int64)
    }

    package let size: Int64
    private var offset: Int64
    private var skipped: Int64 = 0
    private var ignoresRanges = false
    private var retry: RetryState

    /// A download that begins somewhere in a blob.
    package init(size: Int64, from offset: Int64, retry: RetryPolicy) {
        precondition((0...size).contains(offset), "A blob cannot be read from behind its end")
        self.size = size
        self.offset = offset
        self.retry = RetryState(retry)
    }

    /// The next step.
    package var next: Action {
        if offset == size { return .done }
        return .request(offset == 0 || ignoresRanges ? nil : offset...(size - 1))
    }

    /// Takes note of an answer with status 200 or 206.
    ///
    /// - Throws: ``Fault``.
    package mutating func answered(status: Int, contentRange: String?, contentLength: Int64?) throws(Fault) {
        if status == 206 {
            guard let range = ContentRange(contentRange ?? ""), range.first == offset else { throw .otherRange }
            if let complete = range.complete, complete != size { throw .otherSize(complete) }
            skipped = offset
        } else {
            if let contentLength, contentLength != size { throw .otherSize(contentLength) }
            skipped = 0
        }
    }

    /// Takes note of the next bytes of a body.
    ///
    /// - Returns: Which of them are new.
    /// - Throws: ``Fault`` if there are too many.
    package mutating func received(_ count: Int) throws(Fault) -> Range<Int> {
        let old = Int(min(Int64(count), offset - skipped))
        skipped += Int64(old)
        let new = Int64(count - old)
        guard new <= size - offset else { throw .otherSize(offset + new) }
        offset += new
        skipped += new
        if new > 0 { retry.progressed() }
        return old..<count
    }

    /// The step after a body ended, in whatever way, or a request failed in a way that may pass.
    package mutating func interrupted(retryAfter: Duration? = nil, jitter: Double) -> Action {
        if offset == size { return .done }
        return retry.delay(retryAfter: retryAfter, jitter: jitter).map { .wait($0) } ?? .giveUp
    }

    /// The step after the server refused a range.
    package mutating func refusedRange(jitter: Double) -> Action {
        ignoresRanges = true
        return interrupted(jitter: jitter)
    }
}

/// The value of a `Content-Range` field: `bytes 0-9/10`.
///
/// [RFC 9110, section 14.4](https://www.rfc-editor.org/rfc/rfc9110#section-14.4).
package struct ContentRange: Hashable, Sendable {
    /// The offset of the first byte.
    package let first: Int64
    /// The offset of the last byte.
    package let last: Int64
    /// The size of the whole, if the server says it.
    package let complete: Int64?

    /// Parses a field's value; nil if it is no range of bytes.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let range = Self.range(parts[0]) else { return nil }
        (first, last) = (range.lowerBound, range.upperBound)
        complete = Int64(parts[1])
        guard complete != nil || parts[1] == "*", last < complete ?? .max else { return nil }
    }

    /// Parses `0-9`; nil if it is anything else.
    package static func range(_ text: Substring) -> ClosedRange<Int64>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, first <= last else { return nil }
        return first...last
    }
}
