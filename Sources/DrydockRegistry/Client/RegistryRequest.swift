// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

typealias ResponseBody = HTTPClientResponse.Body

/// One request as it is meant, before credentials and attempts.
struct RegistryRequest: Sendable {
    /// What is sent.
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer, type: String)
        /// Bytes that are read while they are sent; read again for another attempt.
        case stream(size: Int64, @Sendable (BodyChannel) async throws -> Void)
    }

    var method: HTTPMethod
    var address: WebAddress
    var headers = HTTPHeaders()
    var body = Body.none
    var rules = Exchange.Rules()

    init(_ method: HTTPMethod, _ address: WebAddress) {
        self.method = method
        self.address = address
    }

    /// Method and address without secrets, for people.
    var text: String { "\(method.rawValue) \(address.redacted)" }
}

/// An answer whose body was not read yet.
struct RegistryResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    /// Where it came from.
    let address: WebAddress
    private let body: ResponseBody
    private let mark = ReadMark()

    init(status: Int, headers: HTTPHeaders, address: WebAddress, body: ResponseBody) {
        self.status = status
        self.headers = headers
        self.address = address
        self.body = body
    }

    /// Hands the bytes of the body to `take`.
    ///
    /// - Throws: ``BrokenConnection`` if they end too early; what `take` throws.
    func read(_ take: (ByteBuffer) async throws -> Void) async throws {
        mark.set()
        var pieces = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch { throw try BrokenConnection(error, to: address) }
            guard let piece else { return }
            try await take(piece)
        }
    }

    /// All bytes of a small body.
    ///
    /// - Throws: ``RegistryFailure`` if there are more than `limit`; ``BrokenConnection``.
    func bytes(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await read { piece in
            guard bytes.count + piece.readableBytes <= limit else { throw RegistryFailure(.tooLarge(limit: limit)) }
            bytes += piece.readableBytesView
        }
        return bytes
    }

    /// The first bytes of a body whose rest does not matter.
    func beginning(limit: Int) async -> [UInt8] {
        var bytes: [UInt8] = []
        mark.set()
        var pieces = body.makeAsyncIterator()
        while bytes.count < limit, let piece = try? await pieces.next() {
            bytes += piece.readableBytesView.prefix(limit - bytes.count)
        }
        return bytes
    }

    /// Reads a body that nobody has looked at: only a connection whose answer was read to its end serves the next request.
    func finish() async { if !mark.isSet { _ = await beginning(limit: Self.restLimit) } }

    private static let restLimit = 64 << 10

    /// What counts of it for the next step.
    func answer() -> Exchange.Answer {
        var answer = Exchange.Answer(status: status)
        answer.location = headers.first(name: "Location")
        answer.challenges = AuthChallenge.parse(headers["WWW-Authenticate"])
        answer.retryAfter = retryAfter
        return answer
    }

    /// How long the server asks to wait.
    var retryAfter: Duration? {
        headers.first(name: "Retry-After").flatMap { RetryAfter.duration($0, date: headers.first(name: "Date")) }
    }
}

/// Whether somebody has begun to read a body, which can be read only once.
private final class ReadMark: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
