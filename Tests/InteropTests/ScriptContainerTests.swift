// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Scripts that drydock runs within a container of Docker, which has no privileges.
@Suite(.requires("docker", "dockerd", "runc", "busybox"), .requiresRoot)
struct ScriptContainerTests {
    private static let inner = """
        name: inner
        tag: v
        files: [{ path: /file, text: "x\\n" }, { path: /owned, text: "y\\n", owner: "3:4" }]
        runAsRoot: |
          chown 5:6 /file; mkdir -p /data; chown 999:999 /data; chmod 2750 /data; touch /data/inherited
          mknod /null c 1 3; ln /file /link; chmod 600 /owned
        """

    private func builder(in directory: String) async throws -> String {
        let spec = """
            name: builder
            tag: v
            contents:
              - executable: [/usr/bin/busybox]
              - { executable: ["\(try Drydock.path)"], at: /usr/bin/drydock }
            files:
              - { path: /bin/sh, symlink: /usr/bin/busybox }
              - { path: /tmp, directory: true, mode: "1777" }
              - { path: /inner.yaml, source: inner.yaml }
            config: { Env: ["PATH=/usr/bin:/bin", "HOME=/tmp"] }
            """
        try spec.write(toFile: "\(directory)/builder.yaml", atomically: false, encoding: .utf8)
        try Self.inner.write(toFile: "\(directory)/inner.yaml", atomically: false, encoding: .utf8)
        try await Drydock.build("\(directory)/builder.yaml", to: "\(directory)/builder.tar", options: ["--no-cache"])
        return "\(directory)/builder.tar"
    }

    /// Root has no CAP_SYS_ADMIN in a container.
    @Test(arguments: ["1000:1000", "0:0"])
    func `without the engine's filter a user in a container builds the same, with it the message says so`(
        _ user: String
    ) async throws {
        try await withTemporaryDirectory { directory in
            let docker = try await DockerDaemon.shared.client()
            #expect(try await docker.load(builder(in: directory)) == ["builder:v"])
            let expected = "\(directory)/inner.tar"
            try await Drydock.build("\(directory)/inner.yaml", to: expected, options: ["--no-cache"])
            let digest = try await Command.check(["sha256sum", expected]).prefix(64)
            let script = "drydock build --no-cache /inner.yaml -o /tmp/inner.tar && busybox sha256sum /tmp/inner.tar"
            let seen = try await docker.run(
                image: "builder:v",
                ["/bin/sh", "-c", script],
                options: [
                    "--user=\(user)", "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
                ]
            )
            #expect(seen.contains("\(digest)  /tmp/inner.tar"))
            let refused = try await docker.run(
                "run",
                "--rm",
                "--network=none",
                "--user=\(user)",
                "builder:v",
                "/bin/sh",
                "-c",
                script
            )
            #expect(refused.status == 1)
            #expect(refused.errorText.hasPrefix("Error: Cannot make the namespaces of a sandbox: "))
            #expect(refused.errorText.contains("\nhint: "))
            #expect(refused.errorText.hasSuffix("in a container, run it with '--security-opt seccomp=unconfined'"))
        }
    }
}
