// SPDX-License-Identifier: Apache-2.0

/// The way of a blob to a registry, over as many requests as it takes.
///
/// Input: answers and broken connections. Output: the next request. A blob of at most one chunk goes in one `PUT`,
/// a larger one in chunks, which are continued where the registry says that it has got to. What a registry refuses is
/// not tried again: one without chunks gets the blob whole, one without whole blobs gets a single chunk, one that finds
/// chunks too large gets smaller ones. If the registry has forgotten the upload, the blob may be there already, since the
/// answer to the last request can be lost; otherwise the upload begins anew.
///
/// [Distribution specification, Pushing blobs](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs).
package struct BlobUpload: Hashable, Sendable {
    /// What to do next.
    package enum Action: Hashable, Sendable {
        /// Begin an upload.
        case open
        /// Send a chunk.
        case patch(WebAddress, Range<Int64>)
        /// Send the rest, which may be nothing, and complete the upload.
        case put(WebAddress, Range<Int64>)
        /// Ask how much the registry has.
        case ask(WebAddress)
        /// Ask whether the blob is there.
        case check
        /// Wait, then continue with ``BlobUpload/next``.
        case wait(Duration)
        /// The registry has the blob.
        case done
        /// The last failure counts.
        case fail
    }

    /// What counts of an answer.
    package struct Answer: Hashable, Sendable {
        package var status: Int
        package var location: WebAddress?
        /// The bytes that the registry has, from its `Range` field.
        package var received: Int64?
        package var retryAfter: Duration?

        package init(status: Int, location: WebAddress? = nil, received: Int64? = nil, retryAfter: Duration? = nil) {
            self.status = status
            self.location = location
            self.received = received
            self.retryAfter = retryAfter
        }
    }

    private enum Form: Hashable, Sendable {
        case whole
        case chunked
    }

    /// The next request.
    package private(set) var next = Action.open

    private let size: Int64
    private var chunkSize: Int64
    private var smallestChunk: Int64 = 1 << 20
    private var form: Form
    private var refusedForms: Set<Form> = []
    /// Where the upload goes on; nil if it is to begin.
    package private(set) var location: WebAddress?
    private var offset: Int64 = 0
    private var retry: RetryState

    /// An upload of a blob.
    package init(size: Int64, chunkSize: Int64, retry: RetryPolicy) {
        self.size = size
        self.chunkSize = max(1, chunkSize)
        form = size <= chunkSize ? .whole : .chunked
        self.retry = RetryState(retry)
    }

    /// An upload that was begun before may go on at a place.
    package mutating func found(at location: WebAddress) {
        self.location = location
        next = .ask(location)
    }

    /// The registry has begun an upload.
    package mutating func opened(at location: WebAddress, smallestChunk: Int64?) {
        self.location = location
        offset = 0
        // A registry cannot ask for chunks that are too large to be counted in.
        if let smallestChunk, smallestChunk > 0 {
            self.smallestChunk = smallestChunk
            chunkSize = max(chunkSize, smallestChunk)
        }
        proceed()
    }

    /// The registry has answered a chunk.
    package mutating func patched(_ answer: Answer, jitter: Double) {
        guard case .patch(_, let range) = next else { return }
        if let location = answer.location { self.location = location }
        switch answer.status {
        case 200..<300:
            // Registries that say nothing have taken it all.
            let end = answer.received ?? range.upperBound
            guard end > offset, end <= size else { return reopen(jitter) }
            offset = end
            retry.progressed()
            proceed()
        case 416: ask(jitter)
        case 404: next = .check
        case 413 where chunkSize > smallestChunk:
            chunkSize = max(smallestChunk, chunkSize / 4)
            ask(jitter)
        case 400, 405, 411, 413, 415, 501: refuse(.chunked, jitter)
        default: failed(answer, jitter)
        }
    }

    /// The registry has answered the completing request.
    package mutating func put(_ answer: Answer, jitter: Double) {
        switch answer.status {
        case 200..<300: next = .done
        case 416: ask(jitter)
        case 404: next = .check
        case 405, 411, 413, 415, 501: refuse(.whole, jitter)
        // The bytes may have been damaged on their way.
        case 400: reopen(jitter)
        default: failed(answer, jitter)
        }
    }

    /// The registry has said how much it has.
    package mutating func told(_ answer: Answer, jitter: Double) {
        guard (200..<300).contains(answer.status), let received = answer.received, received <= size else {
            next = .check
            return
        }
        if let location = answer.location { self.location = location }
        if received > offset { retry.progressed() }
        offset = received
        proceed()
    }

    /// The registry has said whether it has the blob.
    package mutating func checked(isThere: Bool, jitter: Double) {
        if isThere { next = .done } else { reopen(jitter) }
    }

    /// A connection broke while bytes were on their way.
    package mutating func broke(jitter: Double) { wait(nil, jitter) }

    /// The wait is over.
    package mutating func resumed() { next = location.map { .ask($0) } ?? .open }

    private mutating func proceed() {
        guard let location else {
            next = .open
            return
        }
        switch form {
        case .whole where offset == 0: next = .put(location, 0..<size)
        default:
            if offset == size {
                next = .put(location, size..<size)
                return
            }
            let end = form == .whole ? size : min(size, offset + chunkSize)
            next = .patch(location, offset..<end)
        }
    }

    private mutating func failed(_ answer: Answer, _ jitter: Double) {
        switch answer.status {
        case 408, 429, 500, 502, 503, 504: wait(answer.retryAfter, jitter)
        default: next = .fail
        }
    }

    /// Waits, and then finds out how much has arrived.
    private mutating func wait(_ retryAfter: Duration?, _ jitter: Double) {
        next = retry.delay(retryAfter: retryAfter, jitter: jitter).map { .wait($0) } ?? .fail
    }

    /// Asks without a wait: the registry has answered, and it was not too busy.
    private mutating func ask(_ jitter: Double) {
        guard let location, retry.delay(jitter: jitter) != nil else {
            next = .fail
            return
        }
        next = .ask(location)
    }

    private mutating func reopen(_ jitter: Double) {
        location = nil
        offset = 0
        next = retry.delay(jitter: jitter) == nil ? .fail : .open
    }

    private mutating func refuse(_ form: Form, _ jitter: Double) {
        refusedForms.insert(form)
        let other: Form = form == .whole ? .chunked : .whole
        guard !refusedForms.contains(other) else {
            next = .fail
            return
        }
        self.form = other
        // One chunk that is all of the blob.
        if other == .chunked { chunkSize = max(size, 1) }
        reopen(jitter)
    }
}
