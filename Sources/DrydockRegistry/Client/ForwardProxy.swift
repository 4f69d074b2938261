// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The way of requests without TLS through a proxy: the proxy gets the request itself, with the whole URL as its target.
///
/// [RFC 9112, section 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2). A tunnel, which the HTTP client makes of
/// every proxy, is refused by most proxies for other ports than that of `https`.
enum ForwardProxy {
    /// Whether a request goes to a proxy instead of through a tunnel.
    static func isNeeded(_ scheme: URLScheme, _ settings: ConnectionSettings) -> Bool {
        scheme == .http && settings.proxy != nil
    }

    /// Completes the targets of all requests on a connection.
    static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            try pipeline.addHandler(AbsoluteTarget(), position: .after(encoder))
        }
    }
}

/// Turns the path of a request into its URL, by the server that `Host` names.
private final class AbsoluteTarget: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let host = head.headers.first(name: "Host") else {
            return context.write(data, promise: promise)
        }
        head.uri = "http://\(host)\(head.uri)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

extension HTTPClientRequest {
    /// A request to an address, or to the proxy that is to forward it.
    init(to address: WebAddress, _ settings: ConnectionSettings) {
        guard let proxy = settings.proxy, ForwardProxy.isNeeded(address.scheme, settings) else {
            self.init(url: address.description)
            return
        }
        let host = proxy.host.contains(":") ? "[\(proxy.host)]" : proxy.host
        self.init(url: "http://\(host):\(proxy.port)\(address.target)")
        headers.add(name: "Host", value: address.authority)
        guard case .basic(let user, let password) = proxy.credentials else { return }
        let text = Data("\(user):\(password.revealed)".utf8).base64EncodedString()
        headers.add(name: "Proxy-Authorization", value: "Basic \(text)")
    }
}
