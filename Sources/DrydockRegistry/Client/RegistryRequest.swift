// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

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
        var pieces = body.makeAsyncIterator()
        while bytes.count < limit, let piece = try? await pieces.next() {
            bytes += piece.readableBytesView.prefix(limit - bytes.count)
        }
        return bytes
    }

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
