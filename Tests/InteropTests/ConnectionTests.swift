// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// How registries are reached: through proxies, and with certificates.
@Suite(.requires("docker-registry", "openssl", "tinyproxy", "unshare"))
struct ConnectionTests {
    private static let spec = "name: sample\ntag: one\nfiles: [{ path: /a, text: some text }]\n"

    /// A home with a spec, and how to call the command there.
    private struct Place {
        let directory: String
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }

        func write(_ text: String, to path: String) throws {
            let url = URL(filePath: "\(directory)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try text.write(to: url, atomically: true, encoding: .utf8)
        }

        /// Puts the certificates for a registry where the command looks for them.
        func install(_ certificates: TestCertificates, for registry: String, showsOwn: Bool = false) async throws {
            let folder = "\(directory)/.config/containers/certs.d/\(registry)"
            try await Command.check(["mkdir", "-p", folder])
            try await Command.check(["cp", certificates.authority, "\(folder)/ca.crt"])
            guard showsOwn else { return }
            try await Command.check(["cp", certificates.certificate, "\(folder)/client.cert"])
            try await Command.check(["cp", certificates.key, "\(folder)/client.key"])
        }

        func run(_ arguments: [String], _ variables: [String: String] = [:]) async throws -> Command.Output {
            try await Command.run(
                [Drydock.path] + arguments,
                environment: environment.merging(variables) { $1 }
            )
        }

        func push(_ image: String, _ variables: [String: String] = [:]) async throws -> Command.Output {
            try await run(
                ["build", "--progress", "none", directory + "/image.yaml", "-o", "docker://\(image)"],
                variables
            )
        }

        /// Pushes an image, and pulls it from there into an empty store.
        func pushAndPull(_ image: String, _ variables: [String: String] = [:]) async throws {
            let pushed = try await push(image, variables)
            #expect(pushed.errorText == "")
            let layout = "oci:\(directory)/pulled:x"
            var other = variables
            other["DRYDOCK_CACHE"] = directory + "/other"
            let pulled = try await run(["pull", "--progress", "none", image, "-o", layout], other)
            #expect(pulled.errorText == "")
            try await Drydock.check([
                "build", "--progress", "none", directory + "/image.yaml", "-o", "oci:\(directory)/built:x",
            ])
            #expect(try await Drydock.inspect(layout).diffIDs == Drydock.inspect("oci:\(directory)/built:x").diffIDs)
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let place = Place(directory: directory)
            try place.write(Self.spec, to: "image.yaml")
            try await body(place)
        }
    }

    private func withTLS(
        _ place: Place,
        _ change: (inout TestRegistry.Settings, TestCertificates) -> Void = { _, _ in },
        _ body: (TestRegistry, TestCertificates) async throws -> Void
    ) async throws {
        let certificates = try await TestCertificates(in: place.directory)
        var settings = TestRegistry.Settings()
        settings.certificate = certificates
        change(&settings, certificates)
        try await TestRegistry.withRegistry(settings) { try await body($0, certificates) }
    }

    @Test func `TLS goes through a tunnel of a proxy that wants a password`() async throws {
        try await withPlace { place in
            try await withTLS(place) {
                $0.users = ["alice": "secret"]
                _ = $1
            } _: { registry, certificates in
                let name = "registry.test:\(registry.port)"
                try await place.install(certificates, for: name)
                try place.write("machine registry.test login alice password secret\n", to: ".netrc")
                var settings = Tinyproxy.Settings()
                settings.user = "bob:pass"
                settings.tunnelPorts = [registry.port]
                try await Tinyproxy.withProxy(settings) { proxy in
                    try await place.pushAndPull(
                        "\(name)/a:x",
                        ["HTTPS_PROXY": "http://bob:pass@127.0.0.1:\(proxy.port)"]
                    )
                    #expect(Set(proxy.requests) == ["CONNECT \(name) HTTP/1.1"])
                    let address = "http://127.0.0.1:\(proxy.port)"
                    let refused = try await place.push("\(name)/a:x", ["HTTPS_PROXY": address])
                    #expect(refused.errorText.contains(": the proxy to \(name) wants other credentials"))
                }
            }
        }
    }

    @Test func `without TLS a proxy forwards that opens no tunnel`() async throws {
        try await withPlace { place in
            try await TestRegistry.withRegistry { registry in
                let name = "registry.test:\(registry.port)"
                try place.write(
                    "[[registry]]\nlocation = \"\(name)\"\ninsecure = true\n",
                    to: ".config/containers/registries.conf"
                )
                var settings = Tinyproxy.Settings()
                settings.user = "bob:pass"
                try await Tinyproxy.withProxy(settings) { proxy in
                    let address = "http://bob:pass@127.0.0.1:\(proxy.port)"
                    try await place.pushAndPull("\(name)/a:x", ["HTTPS_PROXY": address, "HTTP_PROXY": address])
                    #expect(proxy.requests.contains("PUT http://\(name)/v2/a/manifests/x HTTP/1.1"))
                    let bare = "http://127.0.0.1:\(proxy.port)"
                    let refused = try await place.push("\(name)/a:y", ["HTTPS_PROXY": address, "HTTP_PROXY": bare])
                    #expect(refused.errorText.contains(": the proxy to \(name) wants other credentials"))
                }
            }
        }
    }

    @Test func `a registry that wants a client's certificate is shown it`() async throws {
        try await withPlace { place in
            try await withTLS(place) {
                $0.clientAuthority = $1.authority
            } _: { registry, certificates in
                try await place.install(certificates, for: registry.authority)
                let refused = try await place.push("\(registry.authority)/a:x")
                #expect(refused.status != 0)
                #expect(
                    refused.errorText.hasSuffix(
                        """
                        : \(registry.authority) wants a certificate of this client that it trusts
                        hint: put the certificate and its key into /etc/docker/certs.d/HOST as client.cert and client.key
                        """
                    )
                )
                try await place.install(certificates, for: registry.authority, showsOwn: true)
                try await place.pushAndPull("\(registry.authority)/a:x")
            }
        }
    }

    @Test func `a registry that only reads refuses a push with its own words`() async throws {
        try await withPlace { place in
            var settings = TestRegistry.Settings()
            settings.isReadOnly = true
            try await TestRegistry.withRegistry(settings) { registry in
                let refused = try await place.push("\(registry.authority)/a:x")
                #expect(refused.status != 0)
                #expect(
                    refused.errorText.hasSuffix(
                        """
                        : the registry answered 405: Method not allowed
                        hint: the registry does not do this; it may be one that only reads
                        """
                    )
                )
            }
        }
    }
}
