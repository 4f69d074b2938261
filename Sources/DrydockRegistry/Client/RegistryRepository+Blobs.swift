// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockOCI
import NIOCore
import NIOHTTP1

extension RegistryRepository: BlobSource {
    /// Hands the bytes of a blob to `body`, continued as often as the connection breaks.
    ///
    /// - Throws: ``RegistryFailure``; what `body` throws.
    public func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        var download = BlobDownload(size: blob.size, from: offset, retry: client.options.retry)
        for mirror in endpoints.dropLast() {
            do { return try await unsafe read(blob, at: mirror, &download, body) } catch is RegistryFailure { continue }
        }
        unsafe try await read(blob, at: origin, &download, body)
    }

    private func read(
        _ blob: Descriptor,
        at endpoint: RegistryEndpoint,
        _ download: inout BlobDownload,
        _ body: BlobBytesHandler
    ) async throws {
        var action = download.next
        var lastFailure = RegistryFailure(.connection("the server closed the connection"))
        while true {
            switch action {
            case .done: return
            case .giveUp: throw lastFailure
            case .wait(let delay):
                try await client.options.clock.sleep(delay)
                action = download.next
            case .request(let range):
                let request = request(blob, range, at: endpoint)
                do {
                    unsafe try await part(request, at: endpoint, &download, body)
                    let text = "\(endpoint.authority) ended the transfer too early"
                    lastFailure = RegistryFailure(.connection(text), request: request.text)
                    action = download.interrupted(jitter: client.options.clock.jitter())
                } catch let broken as BrokenConnection {
                    lastFailure = RegistryFailure(broken.reason, request: request.text)
                    action = download.interrupted(jitter: client.options.clock.jitter())
                } catch let failure as RegistryFailure where failure.status == 416 {
                    lastFailure = failure
                    action = download.refusedRange(jitter: client.options.clock.jitter())
                }
            }
        }
    }

    private func request(_ blob: Descriptor, _ range: ClosedRange<Int64>?, at endpoint: RegistryEndpoint)
        -> RegistryRequest
    {
        var request = RegistryRequest(.GET, address("blobs/\(blob.digest)", at: endpoint))
        request.rules.followsRedirects = true
        if let range { request.headers.add(name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound)") }
        return request
    }

    /// Takes what one answer brings; returns at its end, however much it was.
    private func part(
        _ request: RegistryRequest,
        at endpoint: RegistryEndpoint,
        _ download: inout BlobDownload,
        _ body: BlobBytesHandler
    ) async throws {
        let start = download
        let (state, failure) = try await send(request, to: endpoint, .pull) { response in
            var download = start
            do {
                try download.answered(
                    status: response.status,
                    contentRange: response.headers.first(name: "Content-Range"),
                    contentLength: response.headers.first(name: "Content-Length").flatMap { Int64($0) }
                )
                try await response.read { piece in
                    let new = try download.received(piece.readableBytes)
                    guard !new.isEmpty else { return }
                    unsafe try await Self.hand(piece, new, to: body)
                }
                return (download, nil as Interruption?)
            } catch let broken as BrokenConnection {
                // What was received counts, and only the rest is asked for again.
                return (download, .broken(broken))
            } catch let fault as BlobDownload.Fault {
                return (download, .fault(fault))
            }
        }
        download = state
        switch failure {
        case nil: return
        case .broken(let broken): throw broken
        case .fault(let fault): throw Self.failure(fault, expected: start.size, request)
        }
    }

    private enum Interruption: Sendable {
        case broken(BrokenConnection)
        case fault(BlobDownload.Fault)
    }

    private static func hand(_ piece: ByteBuffer, _ range: Range<Int>, to body: BlobBytesHandler) async throws {
        // A copy, because the buffer's own memory may not be borrowed over a suspension.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { unsafe buffer.deallocate() }
        unsafe piece.withUnsafeReadableBytes {
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range]))
        }
        unsafe try await body(UnsafeRawBufferPointer(buffer))
    }

    private static func failure(
        _ fault: BlobDownload.Fault,
        expected: Int64,
        _ request: RegistryRequest
    ) -> RegistryFailure {
        switch fault {
        case .otherRange:
            RegistryFailure(
                .protocolViolation("the server sent another part than the one asked for"),
                request: request.text
            )
        case .otherSize(let actual):
            RegistryFailure(.sizeMismatch(expected: expected, actual: actual), request: request.text)
        }
    }
}

extension RegistryRepository: BlobSink {
    /// Whether the registry has the blob in this repository.
    ///
    /// - Throws: ``RegistryFailure``.
    public func hasBlob(_ blob: Descriptor) async throws -> Bool {
        var request = RegistryRequest(.HEAD, address("blobs/\(blob.digest)", at: origin))
        request.rules.accepted = [404]
        request.rules.followsRedirects = true
        return try await send(request, to: origin, .push) { response in
            guard response.status != 404 else { return false }
            let size = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
            return size == nil || size == blob.size
        }
    }

    /// Sends the blob unless the registry has it in this repository.
    ///
    /// - Throws: ``RegistryFailure``; what the source throws.
    public func putBlob(_ blob: Descriptor, from source: any BlobSource) async throws {
        if try await hasBlob(blob) { return }
        try await sendBlob(blob, from: source)
    }

    /// Sends a blob that the registry does not have.
    ///
    /// - Parameters:
    ///   - blob: The blob.
    ///   - source: Its bytes.
    ///   - session: Remembers how far it got, and may know of an earlier attempt; nil for one that ends with this process.
    /// - Throws: ``RegistryFailure``; what the source throws.
    public func sendBlob(
        _ blob: Descriptor,
        from source: any BlobSource,
        session: (any UploadSession)? = nil
    ) async throws {
        try await BlobSending(repository: self, blob: blob, source: source, session: session).run()
    }

    /// Lets the registry take a blob over from another of its repositories.
    ///
    /// - Returns: Whether it did; registries may refuse, and then the blob must be sent.
    /// - Throws: ``RegistryFailure``.
    public func mountBlob(_ digest: Digest, from other: String) async throws -> Bool {
        let address = address("blobs/uploads/", at: origin).adding("mount", "\(digest)").adding("from", other)
        var request = RegistryRequest(.POST, address)
        // Registries that do not let this client see the other repository answer so; the blob is sent then.
        request.rules.accepted = [400, 401, 403, 404, 405]
        let (status, location) = try await send(request, to: origin, .push, mountingFrom: other) { response in
            (response.status, response.headers.first(name: "Location"))
        }
        if status == 202, let upload = location.flatMap(address.resolving) { await cancel(upload) }
        return status == 201
    }

    /// Tells the registry that an upload is not continued; it would find out by itself in a week.
    private func cancel(_ upload: WebAddress) async {
        var request = RegistryRequest(.DELETE, upload)
        request.rules.isRepeatable = false
        try? await send(request, to: origin, .push) { _ in }
    }
}
