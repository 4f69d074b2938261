// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Stands between a client and a registry and behaves badly, by chance but the same for the same seed.
///
/// It also plays the token server of the registry if it is told to: tokens are good for a few requests only.
public final class FaultyProxy: Sendable {
    /// How a request can go wrong.
    public enum Fault: String, CaseIterable, Sendable {
        /// 500, 502 or 503.
        case serverError
        /// 429 with `Retry-After`.
        case tooMany
        /// The connection ends before the registry sees the request.
        case resetBefore
        /// The registry does what it is asked, and the answer is lost.
        case resetAfter
        /// The registry sees only the first part of the body, and the connection ends.
        case cutUpload
        /// The registry sees only the first part of the body, and nothing is answered.
        case stalledUpload
        /// The answer's body ends too early.
        case truncated
        /// The answer's body stops in the middle, and the connection stays.
        case stalled
        /// A byte of the answer's body is another one.
        case corrupted
        /// A range is ignored, and all is sent.
        case ignoredRange
        /// A blob is to be had elsewhere.
        case redirect
    }

    /// What it does.
    public struct Settings: Sendable {
        /// The seed of all chance.
        public var seed: UInt64 = 0
        /// How many of a hundred requests go wrong.
        public var percentage = 0
        /// What may go wrong.
        public var faults = Fault.allCases
        /// How many requests a token is good for; nil if none is asked for.
        public var tokenUses: Int?
        /// Whether tokens are for those alone who say no name and password.
        public var refusesPasswords = false

        /// Passes everything on as it is.
        public init() {}
    }

    private struct State: Sendable {
        var generator: SeededGenerator
        var faults: [Fault] = []
        var tokens: [String: Int] = [:]
        var requests: [HTTPTestServer.Request] = []
        var port = 0
    }

    /// Who is behind it.
    private enum Upstream: Sendable {
        case port(Int)
        case memory(MemoryRegistry)
    }

    private let upstream: Upstream
    private let settings: Settings
    private let state: Mutex<State>

    private init(upstream: Upstream, settings: Settings) {
        self.upstream = upstream
        self.settings = settings
        state = Mutex(State(generator: SeededGenerator(seed: settings.seed)))
    }

    /// Runs `body` with a proxy in front of a registry.
    public static func withProxy<Result: Sendable>(
        before registry: TestRegistry,
        _ settings: Settings = Settings(),
        _ body: (FaultyProxy) async throws -> Result
    ) async throws -> Result {
        var settings = settings
        // It does not continue an upload after half a part.
        settings.faults.removeAll { $0 == .stalled || $0 == .stalledUpload }
        return try await FaultyProxy(upstream: .port(registry.port), settings: settings).serve(body)
    }

    /// Runs `body` with a proxy in front of a registry in this process.
    public static func withProxy<Result: Sendable>(
        before registry: MemoryRegistry,
        _ settings: Settings = Settings(),
        _ body: (FaultyProxy) async throws -> Result
    ) async throws -> Result {
        try await FaultyProxy(upstream: .memory(registry), settings: settings).serve(body)
    }

    private func serve<Result: Sendable>(_ body: (FaultyProxy) async throws -> Result) async throws -> Result {
        let proxy = self
        let handler: HTTPTestServer.Handler = { try await proxy.reply(to: $0) }
        return try await HTTPTestServer.withServer(handler) { port in
            proxy.state.withLock { $0.port = port }
            return try await body(proxy)
        }
    }

    /// `127.0.0.1` and the port.
    public var authority: String { "127.0.0.1:\(state.withLock(\.port))" }
    /// What went wrong so far.
    public var faults: [Fault] { state.withLock(\.faults) }
    /// The requests so far, without their bodies.
    public var requests: [HTTPTestServer.Request] { state.withLock(\.requests) }
}

extension FaultyProxy {
    private func reply(to request: HTTPTestServer.Request) async throws -> HTTPTestServer.Reply {
        state.withLock { state in
            var seen = request
            seen.body = []
            state.requests.append(seen)
        }
        if request.target.hasPrefix("/token") {
            let isRefused = settings.refusesPasswords && request.headers.contains(name: "Authorization")
            return isRefused ? .answer(status: 401, headers: [:], body: []) : newToken()
        }
        let isElsewhere = request.target.hasPrefix("/elsewhere/")
        if isElsewhere, request.headers.contains(name: "Authorization") {
            return .answer(status: 400, headers: [:], body: Array("credentials went elsewhere".utf8))
        }
        if !isElsewhere, let refusal = refusal(of: request) { return refusal }
        var forwarded = request
        if isElsewhere { forwarded.target = String(request.target.dropFirst("/elsewhere".count)) }
        guard let fault = nextFault(for: request, isElsewhere) else { return try await forward(forwarded).reply }
        return try await spoiled(forwarded, by: fault)
    }

    private func nextFault(for request: HTTPTestServer.Request, _ isElsewhere: Bool) -> Fault? {
        state.withLock { state in
            guard state.generator.below(100) < settings.percentage else { return nil }
            let isBlob = request.method == .GET && request.target.contains("/blobs/sha256")
            let possible = settings.faults.filter { fault in
                switch fault {
                case .cutUpload, .stalledUpload: !request.body.isEmpty
                case .truncated, .corrupted, .stalled: request.method == .GET
                case .ignoredRange: request.headers.contains(name: "Range")
                case .redirect: isBlob && !isElsewhere
                default: true
                }
            }
            guard !possible.isEmpty else { return nil }
            let fault = state.generator.pick(possible)
            state.faults.append(fault)
            return fault
        }
    }

    private func below(_ bound: Int) -> Int { state.withLock { $0.generator.below(max(1, bound)) } }

    private func spoiled(_ request: HTTPTestServer.Request, by fault: Fault) async throws -> HTTPTestServer.Reply {
        switch fault {
        case .serverError: return .answer(status: [500, 502, 503][below(3)], headers: [:], body: Array("<html>".utf8))
        case .tooMany: return .answer(status: 429, headers: ["Retry-After": "0"], body: [])
        case .resetBefore: return .close
        case .resetAfter:
            _ = try await forward(request)
            return .close
        case .cutUpload:
            try await cut(request)
            return .close
        case .stalledUpload:
            try await cut(request)
            return .silence
        case .stalled:
            let answer = try await forward(request)
            let count = below(answer.body.count)
            return .stalled(status: answer.status, headers: answer.headers, body: answer.body, count: count)
        case .truncated:
            let answer = try await forward(request)
            guard !answer.body.isEmpty else { return .close }
            let count = below(answer.body.count)
            return .truncated(status: answer.status, headers: answer.headers, body: answer.body, count: count)
        case .corrupted:
            var answer = try await forward(request)
            if !answer.body.isEmpty { answer.body[below(answer.body.count)] ^= 0x20 }
            return answer.reply
        case .ignoredRange:
            var whole = request
            whole.headers.remove(name: "Range")
            return try await forward(whole).reply
        case .redirect:
            // Another name of the same machine: another server to a client.
            let location = "http://localhost:\(state.withLock(\.port))/elsewhere\(request.target)"
            return .answer(status: 307, headers: ["Location": location], body: [])
        }
    }
}

// MARK: - Tokens

extension FaultyProxy {
    private func newToken() -> HTTPTestServer.Reply {
        let token = state.withLock { state in
            let token = "token-\(state.generator.next())"
            state.tokens[token] = settings.tokenUses ?? 0
            return token
        }
        let body = Array(#"{"token":"\#(token)","expires_in":3600}"#.utf8)
        return .answer(status: 200, headers: ["Content-Type": "application/json"], body: body)
    }

    /// The refusal of a request without a token that is still good.
    private func refusal(of request: HTTPTestServer.Request) -> HTTPTestServer.Reply? {
        guard settings.tokenUses != nil else { return nil }
        let token = request.headers.first(name: "Authorization")?.split(separator: " ").last.map(String.init) ?? ""
        let isGood = state.withLock { state in
            let uses = state.tokens[token] ?? 0
            state.tokens[token] = uses - 1
            return uses > 0
        }
        if isGood { return nil }
        let challenge = #"Bearer realm="http://\#(authority)/token",service="test""#
        return .answer(status: 401, headers: ["WWW-Authenticate": challenge], body: [])
    }
}

// MARK: - The registry behind it

extension FaultyProxy {
    /// Lets the registry see only the first part of a body.
    private func cut(_ request: HTTPTestServer.Request) async throws {
        var part = request
        part.body = Array(request.body.prefix(below(request.body.count)))
        switch upstream {
        case .memory(let registry): registry.interrupted(part)
        case .port: if request.method == .PATCH { _ = try await forward(part) }
        }
    }

    private struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]

        var reply: HTTPTestServer.Reply { .answer(status: status, headers: headers, body: body) }
    }

    private func forward(_ request: HTTPTestServer.Request) async throws -> Answer {
        switch upstream {
        case .port(let port): return try await forward(request, to: port)
        case .memory(let registry):
            guard case .answer(let status, let headers, let body) = registry.reply(to: request) else {
                return Answer(status: 500, headers: [:], body: [])
            }
            return Answer(status: status, headers: headers, body: request.method == .HEAD ? [] : body)
        }
    }

    private func forward(_ request: HTTPTestServer.Request, to port: Int) async throws -> Answer {
        var message = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(request.target)")
        message.method = request.method
        message.headers = request.headers
        for name in ["Authorization", "Connection", "Content-Length", "Transfer-Encoding"] {
            message.headers.remove(name: name)
        }
        // Locations are made from the host that the client sees.
        message.headers.replaceOrAdd(name: "Host", value: authority)
        message.body = .bytes(request.body)
        let response = try await HTTPClient.shared.execute(message, timeout: .seconds(60))
        let body = request.method == .HEAD ? ByteBuffer() : try await response.body.collect(upTo: 1 << 26)
        return Answer(status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
    }
}
