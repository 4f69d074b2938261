// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images that go to a daemon and come from there.
@Suite(.requires("dockerd", "docker"), .requiresRoot)
struct DaemonCommandTests {
    private func spec(_ name: String, _ text: String) -> String {
        "name: \(name)\ntag: v1\narchitecture: amd64\nfiles:\n  - {path: /a, text: \"\(text)\"}\nconfig: {Cmd: [/a]}\n"
    }

    private func run(_ docker: Docker, _ arguments: [String], in directory: String) async throws -> Command.Output {
        try await Command.run(
            [DrydockProgram.path] + arguments,
            environment: ["DOCKER_HOST": "unix://\(docker.socket)", "TMPDIR": directory],
            in: directory
        )
    }

    @Test
    func `an image is loaded, again without its layers, inspected and copied`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try spec("daemon/built", directory).write(toFile: directory + "/a.yaml", atomically: false, encoding: .utf8)
            let options = ["--progress", "none"]
            let built = try await run(docker, ["build", "a.yaml", "--load"] + options, in: directory)
            #expect(built.errorText == "")
            #expect(built.text.hasSuffix("\nloaded into the daemon at \(docker.socket)"))
            let id = try await docker.check(["inspect", "--format", "{{.Id}}", "daemon/built:v1"])
            #expect(built.text.contains("image ID  \(id)"))
            let named = ["build", "a.yaml", "-o", "docker-daemon:daemon/other:v2"] + options
            let again = try await run(docker, named, in: directory)
            #expect(again.status == 0)
            #expect(try await docker.check(["inspect", "--format", "{{.Id}}", "daemon/other:v2"]) == id)
            let inspected = try await run(docker, ["inspect", "docker-daemon:daemon/built:v1"], in: directory)
            #expect(inspected.text.contains("image ID  \(id)"))
            let copied = try await run(
                docker,
                ["copy", "docker-daemon:daemon/built:v1", "docker-archive:a.tar"] + options,
                in: directory
            )
            #expect(copied.text.contains("image ID  \(id)"))
            let same = try await run(docker, ["diff", "a.tar", "docker-daemon:daemon/built:v1"], in: directory)
            #expect(same.status == 0, "\(same.text)\(same.errorText)")
            let back = try await run(
                docker,
                ["copy", "a.tar", "docker-daemon:daemon/back:v3"] + options,
                in: directory
            )
            #expect(back.errorText == "")
            #expect(try await docker.check(["inspect", "--format", "{{.Id}}", "daemon/back:v3"]) == id)
        }
    }

    @Test(.requires("openssl"))
    func `a daemon is reached by TCP with TLS, as the environment or a context says`() async throws {
        try await withTemporaryDirectory { directory in
            let certificates = try await TestCertificates(in: directory)
            for (name, path) in [
                ("ca", certificates.authority), ("cert", certificates.certificate), ("key", certificates.key),
            ] {
                try await Command.check(["cp", path, "\(directory)/\(name).pem"])
            }
            try spec("daemon/tls", directory).write(toFile: directory + "/a.yaml", atomically: false, encoding: .utf8)
            try await DockerDaemon.withTLS(certificates) { docker, port in
                let host = "tcp://localhost:\(port)"
                func run(_ arguments: [String], _ variables: [String: String]) async throws -> Command.Output {
                    let own = ["TMPDIR": directory, "HOME": directory].merging(variables) { $1 }
                    return try await Command.run([DrydockProgram.path] + arguments, environment: own, in: directory)
                }
                let variables = ["DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": directory]
                let built = try await run(["build", "a.yaml", "--load", "--progress", "none"], variables)
                #expect(built.errorText == "")
                let id = try await docker.check(["inspect", "--format", "{{.Id}}", "daemon/tls:v1"])

                let settings = directory + "/settings"
                let endpoint = "host=\(host),ca=\(directory)/ca.pem,cert=\(directory)/cert.pem,key=\(directory)/key.pem"
                let create = ["context", "create", "far", "--docker", endpoint]
                try await Command.check(["docker", "--config", settings] + create)
                let context = ["DOCKER_CONFIG": settings, "DOCKER_CONTEXT": "far"]
                let inspected = try await run(["inspect", "docker-daemon:daemon/tls:v1"], context)
                #expect(inspected.text.contains("image ID  \(id)"))

                try await Command.check(["rm", "\(directory)/cert.pem", "\(directory)/key.pem"])
                let refused = try await run(["inspect", "docker-daemon:daemon/tls:v1"], variables)
                #expect(refused.status != 0)
                #expect(refused.errorText.contains("it wants a certificate of this client that it trusts"))
            }
        }
    }

    @Test
    func `a daemon that is not there is named, with a hint`() async throws {
        try await withTemporaryDirectory { directory in
            try spec("x", "y").write(toFile: directory + "/a.yaml", atomically: false, encoding: .utf8)
            let output = try await Command.run(
                [DrydockProgram.path, "build", "a.yaml", "--load", "--progress", "none"],
                environment: ["DOCKER_HOST": "unix:///nonexistent/docker.sock"],
                in: directory
            )
            #expect(output.status == 1)
            #expect(
                output.errorText
                    == "Error: Cannot reach a daemon at '/nonexistent/docker.sock': nothing answers there\n"
                    + "hint: start it (sudo systemctl start docker; systemctl --user start podman.socket) or set DOCKER_HOST"
            )
        }
    }
}
