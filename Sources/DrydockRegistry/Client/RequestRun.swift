// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request on its way through attempts, redirects and credentials.
struct RequestRun {
    private enum Outcome<Result: Sendable>: Sendable {
        case result(Result)
        case action(Exchange.Action, RegistryFailure)
    }

    private let request: RegistryRequest
    private let endpoint: RegistryEndpoint
    private let client: RegistryClient
    /// Whom the request must convince; nil if its credentials are given.
    private let target: AuthorizationTarget?
    private let given: Secret?
    private var exchange: Exchange
    private var rejected: Secret?

    /// The largest part of an error's body that is read.
    private static let answerLimit = 64 << 10

    /// A request with credentials that the client knows or gets.
    init(
        _ request: RegistryRequest,
        for target: AuthorizationTarget,
        at endpoint: RegistryEndpoint,
        of client: RegistryClient
    ) {
        self.init(request, endpoint, client, target, nil)
    }

    /// A request with given credentials or none.
    init(_ request: RegistryRequest, at endpoint: RegistryEndpoint, of client: RegistryClient, authorization: Secret?) {
        self.init(request, endpoint, client, nil, authorization)
    }

    private init(
        _ request: RegistryRequest,
        _ endpoint: RegistryEndpoint,
        _ client: RegistryClient,
        _ target: AuthorizationTarget?,
        _ given: Secret?
    ) {
        self.request = request
        self.endpoint = endpoint
        self.client = client
        self.target = target
        self.given = given
        exchange = Self.exchange(request, endpoint, client)
    }

    private static func exchange(
        _ request: RegistryRequest,
        _ endpoint: RegistryEndpoint,
        _ client: RegistryClient
    ) -> Exchange {
        Exchange(client.adapted(request.address, endpoint), rules: request.rules, retry: client.options.retry)
    }

    /// Sends the request until there is an answer that counts, and gives what `handle` makes of it.
    ///
    /// - Throws: ``RegistryFailure``; ``BrokenConnection`` where the request may not be repeated; what `handle` throws.
    func result<Result: Sendable>(_ handle: (RegistryResponse) async throws -> Result) async throws -> Result {
        var run = self
        var action = run.exchange.resumed()
        while case .send(let address, let isAuthorized) = action {
            let authorization = await run.authorization(for: address, isAuthorized)
            switch try await run.step(to: address, authorization, handle) {
            case .result(let result): return result
            case .action(let next, let failure): action = try await run.prepared(next, failure, authorization)
            }
        }
        preconditionFailure("A request is sent until it has an answer")
    }

    /// The credentials that the server at an address may see.
    private func authorization(for address: WebAddress, _ isAuthorized: Bool) async -> Secret? {
        guard isAuthorized else { return nil }
        guard let target else { return given }
        guard address.isSameServer(as: client.adapted(target.server, endpoint)) else { return nil }
        return await client.authorizer.authorization(for: target)
    }

    private mutating func step<Result: Sendable>(
        to address: WebAddress,
        _ authorization: Secret?,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Outcome<Result> {
        let jitter = client.options.clock.jitter()
        do {
            let start = exchange
            let (next, outcome) = try await attempt(address, authorization) { response in
                client.didHear(from: address)
                var exchange = start
                let action = exchange.answered(response.answer(), jitter: jitter)
                if action == .accept { return (exchange, Outcome.result(try await handle(response))) }
                return (exchange, .action(action, await failure(response)))
            }
            exchange = next
            return outcome
        } catch let broken as BrokenConnection {
            if [.plainConnection, .anotherWay].contains(broken.remedy), client.useWithoutTLS(address, endpoint) {
                exchange = Self.exchange(request, endpoint, client)
                return .action(exchange.resumed(), RegistryFailure(broken.reason))
            }
            if !request.rules.isRepeatable { throw broken }
            // A certificate that is not trusted now is not trusted in a second.
            let isFinal =
                [.plainConnection, .nothing].contains(broken.remedy)
                || broken.remedy == .patience && !client.hasHeard(from: address)
            let action = isFinal ? .fail : exchange.broke(jitter: jitter)
            return .action(action, RegistryFailure(broken.reason, request: request.text))
        }
    }

    /// Does what comes before the next sending, and gives that.
    private mutating func prepared(
        _ action: Exchange.Action,
        _ failure: RegistryFailure,
        _ authorization: Secret?
    ) async throws -> Exchange.Action {
        switch action {
        case .send: return action
        case .wait(let delay): try await client.options.clock.sleep(delay)
        case .authenticate(let challenges):
            guard let target else { throw failure }
            rejected = authorization ?? rejected
            let new = try await client.authorizer.authorization(answering: challenges, rejected: rejected, for: target)
            if new == nil { throw authorization?.isBasic == true ? Self.rejection(by: target) : failure }
        case .refuseRedirect:
            let text = "the server redirects to where this client does not go"
            throw RegistryFailure(.protocolViolation(text), request: request.text)
        case .accept, .fail: throw failure
        }
        return exchange.resumed()
    }

    private static func rejection(by target: AuthorizationTarget) -> RegistryFailure {
        RegistryFailure(.rejectedCredentials(registry: target.registry))
    }

    private func failure(_ response: RegistryResponse) async -> RegistryFailure {
        if response.status == 407 { return RegistryFailure(BrokenConnection.wrongProxyCredentials(response.address)) }
        let body = await response.beginning(limit: Self.answerLimit)
        return RegistryFailure(
            .refused(status: response.status, answer: RegistryAnswer(body: body)),
            request: "\(request.method.rawValue) \(response.address.redacted)"
        )
    }
}

// MARK: - One attempt

extension RequestRun {
    private func attempt<Result: Sendable>(
        _ address: WebAddress,
        _ authorization: Secret?,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Result {
        let connection = try await client.connection(to: address, endpoint)
        let http = try client.httpClient(for: address, connection)
        var message = HTTPClientRequest(to: address, connection)
        message.method = request.method
        message.headers.add(contentsOf: request.headers)
        message.headers.add(name: "User-Agent", value: "drydock")
        if let authorization { message.headers.add(name: "Authorization", value: authorization.revealed) }
        return try await client.withPermit(for: address.authority) {
            switch request.body {
            case .none: try await send(message, http, address, handle)
            case .bytes(let bytes, let type):
                try await send(message.with(body: .bytes(bytes), type: type), http, address, handle)
            case .stream(let size, let produce):
                try await stream(message, size, produce, http, address, handle)
            }
        }
    }

    private func send<Result: Sendable>(
        _ message: HTTPClientRequest,
        _ http: HTTPClient,
        _ address: WebAddress,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Result {
        let response: HTTPClientResponse
        do { response = try await http.execute(message, deadline: .distantFuture) } catch {
            throw try BrokenConnection(error, to: address)
        }
        let answer = RegistryResponse(
            status: Int(response.status.code),
            headers: response.headers,
            address: address,
            body: response.body
        )
        let result = try await handle(answer)
        await answer.finish()
        return result
    }

    /// Sends a body while another task reads it.
    private func stream<Result: Sendable>(
        _ message: HTTPClientRequest,
        _ size: Int64,
        _ produce: @escaping @Sendable (BodyChannel) async throws -> Void,
        _ http: HTTPClient,
        _ address: WebAddress,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Result {
        let channel = BodyChannel()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await produce(channel)
                    channel.finish()
                } catch {
                    channel.finish(.failure(error))
                }
            }
            // Whatever comes of it: the reading task must not wait for a connection that is gone.
            defer { channel.finish() }
            do {
                let body = HTTPClientRequest.Body.stream(channel, length: .known(size))
                return try await send(message.with(body: body), http, address, handle)
            } catch {
                if let failure = channel.failure { throw failure }
                throw error
            }
        }
    }
}

extension HTTPClientRequest {
    fileprivate func with(body: Body, type: String = "application/octet-stream") -> HTTPClientRequest {
        var request = self
        request.body = body
        request.headers.replaceOrAdd(name: "Content-Type", value: type)
        return request
    }
}
