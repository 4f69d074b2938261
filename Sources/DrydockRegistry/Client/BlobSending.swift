// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import NIOCore
import NIOHTTP1

/// Does what ``BlobUpload`` decides.
struct BlobSending: Sendable {
    let repository: RegistryRepository
    let blob: Descriptor
    let source: any BlobSource
    /// Remembers the upload; nil for one that ends with this process.
    var session: (any UploadSession)?

    private var options: RegistryClientOptions { repository.client.options }
    private var jitter: Double { options.clock.jitter() }

    /// Sends the blob.
    func run() async throws {
        let new = BlobUpload(size: blob.size, chunkSize: options.chunkSize, retry: options.retry)
        var upload = new
        var isContinued = try await continueEarlier(&upload)
        var failure = RegistryFailure(.protocolViolation("the registry does not take the blob"))
        while true {
            if upload.next == .done { return session?.forget() ?? () }
            if upload.next == .fail {
                guard isContinued else { throw failure }
                // An earlier upload only saves time: if it leads nowhere, the blob is sent from its start.
                (upload, isContinued) = (new, false)
            }
            let before = upload.location
            failure = try await step(&upload) ?? failure
            if let location = upload.location, location != before { session?.remember("\(location)") }
        }
    }

    /// Asks for what an earlier process has sent; whatever goes wrong with that only costs time.
    ///
    /// - Returns: Whether there is anything to go on with.
    private func continueEarlier(_ upload: inout BlobUpload) async throws -> Bool {
        guard let earlier = session?.location.flatMap({ WebAddress($0) }) else { return false }
        do {
            upload.found(at: earlier)
            upload.told(try await ask(earlier, isRepeatable: false), jitter: jitter)
        } catch is RegistryFailure {
            upload.told(BlobUpload.Answer(status: 404), jitter: jitter)
        }
        return true
    }

    /// Does what comes next; gives what went wrong with it.
    private func step(_ upload: inout BlobUpload) async throws -> RegistryFailure? {
        switch upload.next {
        case .done, .fail: return nil
        case .wait(let delay):
            try await options.clock.sleep(delay)
            upload.resumed()
        case .open:
            let opened = try await open()
            upload.opened(at: opened.location, smallestChunk: opened.smallestChunk)
        case .check: upload.checked(isThere: try await repository.hasBlob(blob), jitter: jitter)
        case .ask(let location): upload.told(try await ask(location), jitter: jitter)
        case .patch(let location, let range):
            let sent = try await send(request(.PATCH, location, range))
            if let answer = sent.answer { upload.patched(answer, jitter: jitter) } else { upload.broke(jitter: jitter) }
            return sent.failure
        case .put(let location, let range):
            let sent = try await send(request(.PUT, location.adding("digest", "\(blob.digest)"), range))
            if let answer = sent.answer { upload.put(answer, jitter: jitter) } else { upload.broke(jitter: jitter) }
            return sent.failure
        }
        return nil
    }

    // MARK: - Requests

    private func open() async throws -> (location: WebAddress, smallestChunk: Int64?) {
        let address = repository.address("blobs/uploads/", at: repository.origin)
        let request = RegistryRequest(.POST, address)
        return try await repository.send(request, to: repository.origin, .push) { response in
            guard let location = location(response) else {
                throw RegistryFailure(
                    .protocolViolation("the registry names no place for the blob"),
                    request: request.text
                )
            }
            return (location, response.headers.first(name: "OCI-Chunk-Min-Length").flatMap { Int64($0) })
        }
    }

    private func ask(_ upload: WebAddress, isRepeatable: Bool = true) async throws -> BlobUpload.Answer {
        var request = RegistryRequest(.GET, upload)
        request.rules.isRepeatable = isRepeatable
        request.rules.accepted = Set(400..<500).subtracting([401, 408, 429])
        return try await repository.send(request, to: repository.origin, .push, answer)
    }

    private func request(_ method: HTTPMethod, _ address: WebAddress, _ range: Range<Int64>) -> RegistryRequest {
        var request = RegistryRequest(method, address)
        if method == .PATCH {
            request.headers.add(name: "Content-Range", value: "\(range.lowerBound)-\(range.upperBound - 1)")
        }
        if range.isEmpty {
            request.headers.add(name: "Content-Length", value: "0")
        } else {
            let (source, blob) = (source, blob)
            request.body = .stream(size: Int64(range.count)) { channel in
                try await BlobRange(source: source, blob: blob, range: range).send(into: channel)
            }
        }
        // How much has arrived must be found out first.
        request.rules.isRepeatable = false
        request.rules.accepted = Set(400..<600).subtracting([401])
        return request
    }

    private struct Sent: Sendable {
        /// nil if the connection broke.
        let answer: BlobUpload.Answer?
        let failure: RegistryFailure?
    }

    private func send(_ request: RegistryRequest) async throws -> Sent {
        do {
            return try await repository.sendOnce(request) { response in
                guard response.status >= 300 else { return Sent(answer: try await answer(response), failure: nil) }
                let body = await response.beginning(limit: 64 << 10)
                let reason = RegistryFailure.Reason.refused(
                    status: response.status,
                    answer: RegistryAnswer(body: body)
                )
                return Sent(
                    answer: try await answer(response),
                    failure: RegistryFailure(reason, request: request.text)
                )
            }
        } catch let broken as BrokenConnection {
            return Sent(answer: nil, failure: RegistryFailure(broken.reason, request: request.text))
        }
    }

    private func answer(_ response: RegistryResponse) async throws -> BlobUpload.Answer {
        BlobUpload.Answer(
            status: response.status,
            location: location(response),
            received: received(response),
            retryAfter: response.retryAfter
        )
    }

    /// The number of bytes that the registry has: `0-9` is ten, and `0-0` is none or one, which makes no difference.
    private func received(_ response: RegistryResponse) -> Int64? {
        guard let text = response.headers.first(name: "Range") else { return nil }
        let range = text.hasPrefix("bytes=") ? text.dropFirst("bytes=".count) : text[...]
        guard let last = ContentRange.range(range)?.upperBound else { return nil }
        return last == 0 ? 0 : last + 1
    }

    /// Where the upload goes on; without TLS only if the registry itself is without.
    private func location(_ response: RegistryResponse) -> WebAddress? {
        guard let text = response.headers.first(name: "Location"), var location = response.address.resolving(text)
        else {
            return nil
        }
        if response.address.scheme == .https, location.scheme == .http {
            guard location.authority == response.address.authority else { return nil }
            location = location.with(scheme: .https)
        }
        return location
    }
}

/// A part of a blob on its way into a request.
private struct BlobRange {
    let source: any BlobSource
    let blob: Descriptor
    let range: Range<Int64>

    /// Everything was sent; the source need not go on.
    private struct Enough: Error {}

    func send(into channel: BodyChannel) async throws {
        var remaining = Int64(range.count)
        do {
            unsafe try await source.readBlob(blob, from: range.lowerBound) { bytes in
                let count = Int(min(Int64(bytes.count), remaining))
                let piece = unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                try await channel.send(piece)
                remaining -= Int64(count)
                if remaining == 0 { throw Enough() }
            }
        } catch is Enough { return }
        guard remaining == 0 else {
            throw RegistryFailure(.sizeMismatch(expected: blob.size, actual: range.upperBound - remaining))
        }
    }
}
