// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Foundation
import Testing

/// How registries are reached, by all that is configured.
@Suite
struct RegistrySettingsTests {
    private static let file = """
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.example/hub"
        insecure = true
        """

    @Test
    func `a machine's files and variables come together`() throws {
        try withFiles([
            "etc/containers/registries.conf": Self.file,
            "etc/docker/certs.d/docker.io/ca.crt": "",
            "home/.config/containers/certs.d/corp.example:5000/a.crt": "",
            "home/.config/containers/certs.d/corp.example:5000/b.crt": "",
            "home/.config/containers/certs.d/corp.example:5000/client.cert": "",
            "home/.config/containers/certs.d/corp.example:5000/client.key": "",
            "etc/docker/certs.d/corp.example:5000/other.crt": "",
        ]) { directory in
            let surroundings = RegistrySurroundings(
                variables: ["HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "corp.example"],
                home: directory + "/home",
                systemDirectory: directory + "/etc"
            )
            let settings = try RegistrySettings(surroundings)
            let hub = try settings.hostSettings(for: "docker.io", repository: "library/redis").endpoints
            #expect(hub.map(\.authority) == ["mirror.example", "registry-1.docker.io"])
            #expect(hub.map(\.isMirror) == [true, false])
            #expect(hub.map(\.fallsBackToHTTP) == [true, false])
            #expect(hub.map(\.connection.verifiesCertificate) == [false, true])
            #expect(hub.map(\.connection.proxy?.host) == ["proxy", "proxy"])
            #expect(hub[1].connection.trustRoots == [directory + "/etc/docker/certs.d/docker.io/ca.crt"])
            let corporate = try settings.hostSettings(for: "corp.example:5000", repository: nil).endpoints[0]
            let certificates = directory + "/home/.config/containers/certs.d/corp.example:5000"
            #expect(corporate.connection.trustRoots == ["\(certificates)/a.crt", "\(certificates)/b.crt"])
            #expect(
                corporate.connection.clientCertificates == [
                    ClientCertificate(certificate: "\(certificates)/client.cert", key: "\(certificates)/client.key")
                ]
            )
            #expect(corporate.connection.proxy == nil)
        }
    }

    @Test(arguments: [
        ("localhost:5000", true), ("127.0.0.1:5000", true), ("[::1]:5000", true), ("localhost.example", false),
        ("quay.io", false),
    ])
    func `a registry on this machine may speak HTTP`(registry: String, isInsecure: Bool) throws {
        let endpoint = try RegistrySettings().hostSettings(for: registry, repository: "a").endpoints[0]
        #expect(endpoint.fallsBackToHTTP == isInsecure)
        #expect(endpoint.connection.verifiesCertificate == !isInsecure)
    }

    @Test(arguments: [("client.cert", "client.key"), ("client.key", "client.cert")])
    func `half of a client's certificate is an error that names the other half`(name: String, partner: String) throws {
        try withFiles(["certs.d/quay.io/\(name)": ""]) { directory in
            let settings = RegistrySettings(certificateDirectories: [directory + "/certs.d"])
            let failure = #expect(throws: RegistryConfigurationFailure.self) {
                try settings.hostSettings(for: "quay.io", repository: "a")
            }
            #expect(
                failure.map { "\($0)" }
                    == "Cannot use '\(directory)/certs.d/quay.io/\(name)': '\(partner)' is not beside it\n"
                    + "hint: a client's certificate is a pair NAME.cert and NAME.key; authorities end with .crt"
            )
        }
    }

    @Test
    func `the authorities of SSL_CERT_FILE are trusted for every registry`() throws {
        try withFiles(["certs.d/quay.io/own.crt": ""]) { directory in
            let surroundings = RegistrySurroundings(
                variables: ["SSL_CERT_FILE": "/bundle.crt", "XDG_CONFIG_HOME": directory],
                home: nil,
                systemDirectory: directory + "/none"
            )
            var settings = try RegistrySettings(surroundings)
            settings.certificateDirectories = [directory + "/certs.d"]
            let known = try settings.hostSettings(for: "quay.io", repository: "a").endpoints[0].connection
            #expect(known.trustRoots == ["/bundle.crt", directory + "/certs.d/quay.io/own.crt"])
            #expect(try settings.connection(to: "token.example", scheme: .https).trustRoots == ["/bundle.crt"])
        }
    }

    @Test
    func `the variables say where the files are`() {
        let plain = RegistrySurroundings(variables: [:], home: "/users/me")
        #expect(
            plain.authFiles.map(\.path) == ["/users/me/.config/containers/auth.json", "/users/me/.docker/config.json"]
        )
        #expect(plain.preferredAuthFile == "/users/me/.docker/config.json")
        #expect(plain.netrc == "/users/me/.netrc")
        #expect(plain.defaultRegistry == "docker.io")
        let session = RegistrySurroundings(
            variables: [
                "XDG_RUNTIME_DIR": "/run/user/1", "DOCKER_CONFIG": "/dc", "XDG_CONFIG_HOME": "/xc", "NETRC": "/n",
            ],
            home: "/users/me"
        )
        #expect(
            session.authFiles.map(\.path) == [
                "/run/user/1/containers/auth.json", "/xc/containers/auth.json", "/dc/config.json",
            ]
        )
        #expect(session.registriesFiles.main == ["/xc/containers/registries.conf", "/etc/containers/registries.conf"])
        #expect(session.netrc == "/n")
        let named = RegistrySurroundings(
            variables: [
                "REGISTRY_AUTH_FILE": "/a", "CONTAINERS_REGISTRIES_CONF": "/r", "DRYDOCK_DEFAULT_REGISTRY": "ghcr.io",
            ],
            home: nil
        )
        #expect(named.authFiles == [CredentialChain.File(path: "/a", isRequired: true)])
        #expect(named.preferredAuthFile == "/a")
        #expect(named.registriesFiles.main == ["/r"] && named.registriesFiles.isMainRequired)
        #expect(named.defaultRegistry == "ghcr.io")
        #expect(RegistrySurroundings(variables: [:], home: nil).authFiles == [])
    }
}
