// SPDX-License-Identifier: Apache-2.0

import NIOCore
public import NIOHTTP1
import NIOPosix

/// A server on this machine whose answers a test decides, also how a connection breaks.
public enum HTTPTestServer: Sendable {
    /// A request with its whole body.
    public struct Request: Sendable {
        /// The method.
        public var method: HTTPMethod
        /// The method's name.
        public var verb: String { method.rawValue }
        /// Path and query.
        public var target: String
        /// The fields.
        public var headers: HTTPHeaders
        /// The body, or as much of it as was asked for.
        public var body: [UInt8]

        /// The first value of a field.
        public func field(_ name: String) -> String? { headers.first(name: name) }
    }

    /// What the server does.
    public enum Reply: Sendable {
        /// Answers.
        case answer(status: Int, headers: HTTPHeaders, body: [UInt8])
        /// Announces all of the body and closes the connection after `count` bytes of it.
        case truncated(status: Int, headers: HTTPHeaders, body: [UInt8], count: Int)
        /// Announces all of the body, sends `count` bytes of it, and then nothing more.
        case stalled(status: Int, headers: HTTPHeaders, body: [UInt8], count: Int)
        /// Answers nothing.
        case silence
        /// Closes the connection.
        case close
    }

    /// Who sees more than complete requests.
    public struct Watch: Sendable {
        /// Told of each connection.
        public var opened: @Sendable () -> Void
        /// Told of the bytes of bodies as they come.
        public var arrived: @Sendable (Int) -> Void
        /// Gets a request whose connection ended in the middle of its body, with what has arrived of that.
        public var interrupted: @Sendable (Request) -> Void

        /// Sees what it is told.
        public init(
            opened: @escaping @Sendable () -> Void = {},
            arrived: @escaping @Sendable (Int) -> Void = { _ in },
            interrupted: @escaping @Sendable (Request) -> Void = { _ in }
        ) {
            self.opened = opened
            self.arrived = arrived
            self.interrupted = interrupted
        }
    }

    /// Decides what becomes of a request.
    public typealias Handler = @Sendable (Request) async throws -> Reply

    /// Runs `body` with a server.
    ///
    /// - Parameters:
    ///   - handler: Answers every request; when it throws, the connection is closed.
    ///   - watch: Sees what is not a complete request.
    ///   - body: Gets the port on 127.0.0.1.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public static func withServer<Result: Sendable>(
        _ handler: @escaping Handler,
        watching watch: Watch = Watch(),
        _ body: (Int) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        guard let port = server.channel.localAddress?.port else {
            throw Command.Failure(arguments: ["server"], reason: "has no port")
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { served in
                        for try await connection in connections {
                            served.addTask { try? await serve(connection, handler, watch) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(port)
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>,
        _ handler: Handler,
        _ watch: Watch
    ) async throws {
        watch.opened()
        try await connection.executeThenClose { inbound, outbound in
            var request: Request?
            // However the connection ends.
            defer { if let request { watch.interrupted(request) } }
            for try await part in inbound {
                switch part {
                case .head(let head):
                    request = Request(method: head.method, target: head.uri, headers: head.headers, body: [])
                case .body(let bytes):
                    request?.body += bytes.readableBytesView
                    watch.arrived(bytes.readableBytes)
                case .end:
                    guard let complete = request else { return }
                    request = nil
                    guard try await write(try await handler(complete), complete, outbound) else { return }
                }
            }
        }
    }

    /// Writes a reply; false if the connection is to be closed.
    private static func write(
        _ reply: Reply,
        _ request: Request,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws -> Bool {
        switch reply {
        case .close: return false
        case .silence: return true
        case .stalled(let status, let headers, let body, let count):
            try await write(status, headers, body, count, request, outbound)
            return true
        case .answer(let status, let headers, let body):
            try await write(status, headers, body, body.count, request, outbound)
            try await outbound.write(.end(nil))
            return true
        case .truncated(let status, let headers, let body, let count):
            try await write(status, headers, body, count, request, outbound)
            return false
        }
    }

    private static func write(
        _ status: Int,
        _ headers: HTTPHeaders,
        _ body: [UInt8],
        _ count: Int,
        _ request: Request,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var headers = headers
        headers.remove(name: "Transfer-Encoding")
        if request.method != .HEAD { headers.replaceOrAdd(name: "Content-Length", value: "\(body.count)") }
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        try await outbound.write(.head(head))
        guard request.method != .HEAD, count > 0 else { return }
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body.prefix(count)))))
    }
}
