// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Testing

/// Proxies by the variables of the environment.
@Suite
struct ProxyRulesTests {
    /// Variables, a server, and the proxy that leads there.
    struct Case: CustomTestStringConvertible {
        let variables: [String: String]
        var server = "quay.io"
        var scheme = URLScheme.https
        let proxy: String?

        var testDescription: String { "\(scheme)://\(server) with \(variables.sorted { $0.key < $1.key })" }
    }

    @Test(arguments: [
        Case(variables: [:], proxy: nil),
        Case(variables: ["HTTPS_PROXY": "http://p:3128"], proxy: "p:3128"),
        Case(variables: ["https_proxy": "http://p:3128"], proxy: "p:3128"),
        Case(variables: ["HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2"], proxy: "a:1"),
        Case(variables: ["HTTPS_PROXY": "", "https_proxy": "http://b:2"], proxy: "b:2"),
        Case(variables: ["HTTP_PROXY": "http://p:3128"], proxy: nil),
        Case(variables: ["HTTP_PROXY": "http://p:3128"], scheme: .http, proxy: "p:3128"),
        Case(variables: ["HTTP_PROXY": "http://p:3128", "REQUEST_METHOD": "GET"], scheme: .http, proxy: nil),
        Case(variables: ["http_proxy": "http://p:3128", "REQUEST_METHOD": "GET"], scheme: .http, proxy: "p:3128"),
        Case(variables: ["ALL_PROXY": "p:3128"], proxy: "p:3128"),
        Case(variables: ["ALL_PROXY": "p:3128", "HTTPS_PROXY": "q"], proxy: "q:80"),
        Case(variables: ["HTTPS_PROXY": "http://u:p%40ss@p:3128/path"], proxy: "u:p@ss@p:3128"),
        Case(variables: ["HTTPS_PROXY": "u@p:3128"], proxy: "u:@p:3128"),
        Case(variables: ["HTTPS_PROXY": "http://[fd00::1]:3128"], proxy: "fd00::1:3128"),
        Case(variables: ["HTTPS_PROXY": "HTTP://p"], proxy: "p:80"),
    ])
    func `the variable for the scheme names the proxy`(example: Case) throws {
        let rules = try ProxyRules(variables: example.variables)
        #expect(rules.proxy(for: example.server, scheme: example.scheme).map(Self.text) == example.proxy)
    }

    private static func text(_ proxy: ProxySettings) -> String {
        guard case .basic(let user, let password) = proxy.credentials else { return "\(proxy.host):\(proxy.port)" }
        return "\(user):\(password.revealed)@\(proxy.host):\(proxy.port)"
    }

    /// Exceptions, a server, and whether it is one.
    struct Exception: CustomTestStringConvertible {
        let text: String
        let server: String
        let isDirect: Bool

        init(_ text: String, _ server: String, _ isDirect: Bool) {
            self.text = text
            self.server = server
            self.isDirect = isDirect
        }

        var testDescription: String { "\(server) with NO_PROXY=\(text)" }
    }

    @Test(arguments: [
        Exception("", "quay.io", false),
        Exception("*", "quay.io", true),
        Exception("quay.io", "quay.io", true),
        Exception("QUAY.io", "quay.IO:443", true),
        Exception("quay.io", "cdn.quay.io", true),
        Exception("quay.io", "notquay.io", false),
        Exception(".quay.io", "quay.io", false),
        Exception(".quay.io", "cdn.quay.io", true),
        Exception("*.quay.io", "cdn.quay.io", true),
        Exception("*.quay.io", "quay.io", false),
        Exception("quay.io.", "quay.io", true),
        Exception("a, b ,quay.io", "quay.io", true),
        Exception("a b\tquay.io", "quay.io", true),
        Exception("quay.io:5000", "quay.io:5000", true),
        Exception("quay.io:5000", "quay.io", false),
        Exception("quay.io:443", "quay.io", true),
        Exception("10.0.0.0/8", "10.1.2.3:5000", true),
        Exception("10.0.0.0/8", "11.1.2.3", false),
        Exception("10.1.2.3/32", "10.1.2.3", true),
        Exception("10.1.2.128/25", "10.1.2.127", false),
        Exception("10.1.2.128/25", "10.1.2.129", true),
        Exception("0.0.0.0/0", "1.2.3.4", true),
        Exception("0.0.0.0/0", "[fd00::1]", false),
        Exception("10.1.2.3", "10.1.2.3:5000", true),
        Exception("10.1.2.3:5000", "10.1.2.3:5000", true),
        Exception("10.1.2.3:5000", "10.1.2.3", false),
        Exception("10.1.2.3", "110.1.2.3", false),
        Exception("fd00::/8", "[fd12::1]:5000", true),
        Exception("[fd12::1]", "[fd12:0:0::1]", true),
        Exception("[fd12::1]:5000", "[fd12::1]:5000", true),
        Exception("::ffff:10.1.2.3", "10.1.2.3", true),
        Exception("10.0.0.0/33", "10.0.0.1", false),
        Exception("10.0.0.0/", "10.0.0.0", false),
        Exception(", ,.,:", "quay.io", false),
        Exception("", "localhost:5000", true),
        Exception("", "127.0.0.1:5000", true),
        Exception("", "127.9.9.9", true),
        Exception("", "[::1]:5000", true),
        Exception("", "[::ffff:127.0.0.1]", true),
        Exception("", "localhost.example", false),
    ])
    func `exceptions are reached directly`(example: Exception) throws {
        let proxy = ProxySettings(host: "p", port: 3_128)
        let rules = ProxyRules(http: proxy, https: proxy, exceptions: ProxyExceptions(example.text))
        #expect((rules.proxy(for: example.server, scheme: .https) == nil) == example.isDirect)
    }

    /// A value and what is said of it.
    struct Fault: CustomTestStringConvertible {
        let value: String
        let clause: String

        var testDescription: String { value }
    }

    @Test(arguments: [
        Fault(value: "socks5://p:1", clause: "expected the scheme 'http', got 'socks5'"),
        Fault(value: "https://u:secret@p:1", clause: "expected the scheme 'http', got 'https'"),
        Fault(value: "secret://p", clause: "expected the scheme 'http'"),
        Fault(value: "http://u:secret@", clause: "expected a host and a port"),
        Fault(value: "http://u:secret@p:99999", clause: "expected a host and a port"),
        Fault(value: "http://u:secret@p:x", clause: "expected a host and a port"),
        Fault(value: "http://u:secret%zz@p", clause: "its name or password has a '%' that begins no character"),
    ])
    func `what is no proxy is refused without a word of it`(fault: Fault) throws {
        let failure = #expect(throws: RegistryConfigurationFailure.self) {
            try ProxyRules(variables: ["HTTPS_PROXY": fault.value])
        }
        #expect(
            failure.map { "\($0)" } == "The variable HTTPS_PROXY does not name a proxy: \(fault.clause)\n"
                + "hint: write http://[USER:PASSWORD@]HOST:PORT"
        )
    }

    @Test
    func `hostile texts end with an error or a rule, never with a crash`() {
        let pieces = [
            "http://", ":", "@", "[", "]", "/", "%", "%4", "é", ",", ".", "*", "10.0.0.0", "::1",
            "999999999999999999999", "x",
        ]
        for seed in 0..<2_000 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let text = (0..<generator.below(8)).map { _ in generator.pick(pieces) }.joined()
            let rules = try? ProxyRules(variables: ["HTTPS_PROXY": text, "NO_PROXY": text])
            _ = rules?.proxy(for: text, scheme: .https)
            _ = ProxyRules(https: ProxySettings(host: "p", port: 1), exceptions: ProxyExceptions(text))
                .proxy(for: text, scheme: .https)
        }
    }
}
