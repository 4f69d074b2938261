// SPDX-License-Identifier: Apache-2.0

import DrydockDaemon
import DrydockDigests
import DrydockTestSupport
import Foundation
import Testing

/// Which daemon is meant.
@Suite
struct DaemonSurroundingsTests {
    /// A value of `DOCKER_HOST` and the address.
    struct Case: CustomTestStringConvertible {
        let text: String
        let address: DaemonEndpoint.Address

        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: "unix:///var/run/docker.sock", address: .socket("/var/run/docker.sock")),
        Case(text: "tcp://10.0.0.1:2375", address: .tcp(host: "10.0.0.1", port: 2_375, tls: nil)),
        Case(text: "tcp://example.com", address: .tcp(host: "example.com", port: 2_375, tls: nil)),
        Case(text: "tcp://[fd00::1]:99/", address: .tcp(host: "[fd00::1]", port: 99, tls: nil)),
        Case(text: "http://example.com:80", address: .tcp(host: "example.com", port: 80, tls: nil)),
        Case(text: "https://example.com", address: .tcp(host: "example.com", port: 2_376, tls: DaemonTLS())),
    ])
    func `a daemon is named by a socket or a host`(example: Case) throws {
        let surroundings = DaemonSurroundings(variables: ["DOCKER_HOST": example.text], home: nil)
        #expect(try surroundings.endpoint().address == example.address)
    }

    @Test(arguments: [
        "docker.sock", "unix://relative", "ssh://me@host", "tcp://", "tcp://h:0", "tcp://h:x", "tcp://a b",
        "npipe:////./pipe/x",
    ])
    func `what names no daemon is refused`(text: String) {
        let failure = #expect(throws: DaemonFailure.self) {
            try DaemonSurroundings(variables: ["DOCKER_HOST": text], home: nil).endpoint()
        }
        #expect(
            failure.map { "\($0)" } == "DOCKER_HOST names no daemon: '\(text)'\nhint: write unix:///PATH or "
                + "tcp://HOST:PORT; of a daemon behind SSH forward the socket: "
                + "ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST"
        )
    }

    private func withDocker(
        _ files: [String: String],
        _ body: (String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            for (name, text) in files {
                let url = URL(fileURLWithPath: "\(directory)/\(name)")
                let folder = url.deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            try await body(directory)
        }
    }

    private static func meta(_ name: String, _ host: String) -> (String, String) {
        let digest = Digest(of: Array(name.utf8)).encoded
        let text =
            #"{"Name":"\#(name)","Metadata":{},"Endpoints":{"docker":{"Host":"\#(host)","SkipTLSVerify":false}}}"#
        return (".docker/contexts/meta/\(digest)/meta.json", text)
    }

    @Test
    func `contexts are read as Docker writes them`() async throws {
        let remote = Self.meta("remote", "tcp://remote:2376")
        let own = Self.meta("own", "unix:///own.sock")
        let remoteFiles = ".docker/contexts/tls/\(Digest(of: Array("remote".utf8)).encoded)/docker"
        let files = [
            ".docker/config.json": #"{"currentContext":"own"}"#, remote.0: remote.1, own.0: own.1,
            "\(remoteFiles)/ca.pem": "", "\(remoteFiles)/cert.pem": "", "\(remoteFiles)/key.pem": "",
        ]
        try await withDocker(files) { home in
            func endpoint(_ variables: [String: String]) throws -> DaemonEndpoint {
                try DaemonSurroundings(variables: variables, home: home, runDirectory: "/nonexistent").endpoint()
            }
            let byFile = try endpoint([:])
            #expect(byFile.address == .socket("/own.sock"))
            let tls = DaemonTLS(
                authority: "\(home)/\(remoteFiles)/ca.pem",
                certificate: "\(home)/\(remoteFiles)/cert.pem",
                key: "\(home)/\(remoteFiles)/key.pem"
            )
            let remote = try endpoint(["DOCKER_CONTEXT": "remote"])
            #expect(remote.address == .tcp(host: "remote", port: 2_376, tls: tls))
            let usual = try endpoint(["DOCKER_CONTEXT": "default"])
            #expect(usual.address == .socket("/nonexistent/docker.sock"))
            let host = try endpoint(["DOCKER_CONTEXT": "own", "DOCKER_HOST": "tcp://h:1"])
            #expect(host.origin == "DOCKER_HOST")
            let failure = #expect(throws: DaemonFailure.self) { try endpoint(["DOCKER_CONTEXT": "gone"]) }
            #expect(
                failure.map { "\($0)" } == "DOCKER_CONTEXT names the context 'gone', which does not exist\n"
                    + "hint: docker context ls"
            )
        }
    }

    @Test
    func `variables ask for TLS, and say where its files are`() async throws {
        try await withDocker(["certs/ca.pem": "", "certs/cert.pem": "", "certs/key.pem": ""]) { directory in
            let variables = [
                "DOCKER_HOST": "tcp://h", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "\(directory)/certs",
            ]
            let tls = DaemonTLS(
                authority: "\(directory)/certs/ca.pem",
                certificate: "\(directory)/certs/cert.pem",
                key: "\(directory)/certs/key.pem"
            )
            let endpoint = try DaemonSurroundings(variables: variables, home: nil).endpoint()
            #expect(endpoint.address == .tcp(host: "h", port: 2_376, tls: tls))
        }
    }

    @Test
    func `without settings the first socket that is there is taken`() async throws {
        try await withDocker(["run/podman/podman.sock": "", "session/docker.sock": ""]) { directory in
            func address(_ variables: [String: String]) throws -> DaemonEndpoint.Address {
                try DaemonSurroundings(variables: variables, home: nil, runDirectory: directory + "/run").endpoint()
                    .address
            }
            let system = try address([:])
            #expect(system == .socket("\(directory)/run/podman/podman.sock"))
            let session = try address(["XDG_RUNTIME_DIR": "\(directory)/session"])
            #expect(session == .socket("\(directory)/session/docker.sock"))
            let named = try address(["CONTAINER_HOST": "unix:///c.sock"])
            #expect(named == .socket("/c.sock"))
        }
    }

    @Test
    func `settings that are not JSON are named`() async throws {
        try await withDocker([".docker/config.json": "{"]) { home in
            let failure = #expect(throws: DaemonFailure.self) {
                try DaemonSurroundings(variables: [:], home: home).endpoint()
            }
            #expect(failure.map { "\($0)" } == "Cannot read '\(home)/.docker/config.json': unexpected end at byte 1")
        }
    }

    @Test
    func `a daemon that is not there is an error with a hint`() async throws {
        let places = [
            (DaemonEndpoint(.socket("/nonexistent/docker.sock"), origin: "the test"), "/nonexistent/docker.sock"),
            (DaemonEndpoint(.tcp(host: "127.0.0.1", port: 1, tls: nil), origin: "the test"), "tcp://127.0.0.1:1"),
        ]
        for (endpoint, place) in places {
            let failure = await #expect(throws: DaemonFailure.self) { try await DaemonClient.with(endpoint) { _ in } }
            #expect(
                failure.map { "\($0)" } == "Cannot reach a daemon at '\(place)': nothing answers there\n"
                    + "hint: start it (sudo systemctl start docker; systemctl --user start podman.socket) or set DOCKER_HOST"
            )
        }
    }
}
