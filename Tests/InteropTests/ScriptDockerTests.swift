// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images with scripts, as containers of Docker see them.
@Suite(.requires("docker", "dockerd", "runc", "busybox", "getcap", "setcap", "redis-server"), .requiresRoot)
struct ScriptDockerTests {
    private static let base = """
        name: base
        tag: v
        contents:
          - executable: [/usr/bin/busybox, /usr/sbin/getcap, /usr/bin/redis-server]
        files:
          - { path: /bin/sh, symlink: /usr/bin/busybox }
          - { path: /etc/passwd, text: "root:x:0:0:root:/root:/bin/sh\\n" }
          - { path: /etc/group, text: "root:x:0:\\n" }
          - { path: /order, text: "base\\n" }
          - { path: /remove/me, text: "x\\n" }
          - { path: /remove/too, text: "x\\n" }
          - { path: /replace/old, text: "x\\n" }
        """

    /// The image in the middle: it sees the base, and what it leaves is seen by the next one.
    private static let middle = """
        name: middle
        tag: v
        fromImage: base.tar
        runAsRoot: |
          PATH=$PATH:/dev/drydock/bin
          mkdir -p /data; chown 999:999 /data
          echo middle >>/order; rm /remove/me; rm -r /replace; mkdir /replace; echo new >/replace/new
        """

    private static let top = """
        name: top
        tag: v
        fromImage: middle.tar
        runAsRoot: |
          echo top >>/order; rm -r /remove
          echo "a (b) 'c' \\"d\\" $(echo e)" >"/parentheses (as root)"
        fakeRootCommands: |
          mkdir -p home/jane srv; echo hello >home/jane/file; chown -R 1000:1000 home/jane; chmod 2750 home/jane
          chown 12345 srv
          cp /usr/bin/true tool; setcap cap_net_bind_service+ep tool
          ln tool tool2; mknod null c 1 3
          echo '(f) $g' >'parentheses (fake)'
        config:
          Cmd: [/bin/sh]
        """

    private static let look = """
        cat /order
        stat -c '%n %u:%g %a' /data /home/jane
        (cd /home/jane; stat -c '%n %u:%g %a' file)
        stat -c '%n %u:%g %a' /srv /tool2 /null
        getcap /tool
        ls /remove 2>/dev/null || echo removed
        ls /replace
        cat /parentheses*
        stat -c '%h %F' /tool /null
        redis-server --version | cut -d ' ' -f 1-2
        """

    /// Builds three images, each on the one before, and gives the last one's.
    private func build(_ mode: String, in directory: String) async throws -> Drydock.Image {
        for (name, text) in [("base", Self.base), ("middle", Self.middle), ("top", Self.top)] {
            try text.write(toFile: "\(directory)/\(name).yaml", atomically: false, encoding: .utf8)
        }
        var image: Drydock.Image?
        for name in ["base", "middle", "top"] {
            image = try await Drydock.build(
                "\(directory)/\(name).yaml",
                to: "\(directory)/\(name).tar",
                options: ["--sandbox", mode, "--no-cache"]
            )
        }
        return try #require(image)
    }

    @Test
    func `a container sees what scripts of three stacked images left, whoever ran them`() async throws {
        let asRoot = try await withTemporaryDirectory { try await build("root", in: $0) }
        try await withTemporaryDirectory { directory in
            let image = try await build("single", in: directory)
            #expect(image.digest == asRoot.digest)
            #expect(try await ImageChecker.faults(of: "\(directory)/top.tar") == [])
            let docker = try await DockerDaemon.shared.client()
            #expect(try await docker.load("\(directory)/top.tar") == ["top:v"])
            let script = "for name in cat stat ls cut; do alias $name=\"busybox $name\"; done\n\(Self.look)"
            let seen = try await docker.run(image: "top:v", ["/bin/sh", "-c", script])
            #expect(
                seen.split(separator: "\n").map(String.init) == [
                    "base", "middle", "top", "/data 999:999 755", "/home/jane 1000:1000 2750",
                    "file 1000:1000 644", "/srv 12345:0 755", "/tool2 0:0 755", "/null 0:0 644",
                    "/tool cap_net_bind_service=ep", "removed", "new", "a (b) 'c' \"d\" e", "(f) $g", "2 regular file",
                    "1 character special file", "Redis server",
                ]
            )
        }
    }

    @Test
    func `the example of redis has its directory, and redis starts`() async throws {
        try await withTemporaryDirectory { directory in
            let spec = """
                name: redis
                tag: v
                fromImage: base.tar
                runAsRoot: |
                  mkdir -p /data
                  chown 999:999 /data
                config: { Cmd: [/usr/bin/redis-server, --port, "0"], WorkingDir: /data, User: "999" }
                """
            try Self.base.write(toFile: "\(directory)/base.yaml", atomically: false, encoding: .utf8)
            try spec.write(toFile: "\(directory)/redis.yaml", atomically: false, encoding: .utf8)
            let options = ["--sandbox", "single", "--no-cache"]
            try await Drydock.build("\(directory)/base.yaml", to: "\(directory)/base.tar", options: options)
            try await Drydock.build("\(directory)/redis.yaml", to: "\(directory)/redis.tar", options: options)
            let docker = try await DockerDaemon.shared.client()
            #expect(try await docker.load("\(directory)/redis.tar") == ["redis:v"])
            let seen = try await docker.run(
                image: "redis:v",
                ["/bin/sh", "-c", "busybox touch x; busybox stat -c %u:%g . x"]
            )
            #expect(seen == "999:999\n999:0")
            let running = try await docker.run(
                image: "redis:v",
                ["/bin/sh", "-c", "redis-server --port 0 --daemonize yes >/dev/null; busybox ls /data; echo up"]
            )
            #expect(running.hasSuffix("up"))
        }
    }
}
