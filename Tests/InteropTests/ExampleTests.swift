// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The examples of the repository, built by the command and run by Docker and Podman.
@Suite
struct ExampleTests {
    @Test(.requires("docker", "dockerd", "podman", "runc", "redis-server", "redis-cli", "nsenter"), .requiresRoot)
    func `Redis answers as its own user in its own directory`() async throws {
        try await withEngines(running: "redis") { engine, image in
            try await engine.withProcess(of: image) { process in
                #expect(try await process.reach("redis-cli", "ping") == "PONG")
                #expect(try await engine.check(["exec", process.container, "/usr/bin/redis-cli", "ping"]) == "PONG")
                let (users, groups) = try (process.users, process.groups)
                #expect(users == [999, 999, 999, 999])
                #expect(groups == [999, 999, 999, 999])
                #expect(try await process.status(of: "/data") == "999:999 0750 directory")
                #expect(try await process.status(of: "/tmp") == "0:0 1777 directory")
                #expect(try await process.reach("redis-cli", "set", "key", "value") == "OK")
                #expect(try await process.reach("redis-cli", "save") == "OK")
                #expect(try await process.status(of: "/data/dump.rdb").hasPrefix("999:999 "))
            }
        }
    }

    @Test(.requires("docker", "dockerd", "podman", "runc", "nginx", "nsenter", "python3"), .requiresRoot)
    func `nginx serves its page as the declared user`() async throws {
        let page = URL(fileURLWithPath: Drydock.example("nginx")).deletingLastPathComponent()
        let expected = try String(contentsOf: page.appendingPathComponent("index.html"), encoding: .utf8)
        let get = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/').read().decode(), end='')"
        try await withEngines(running: "nginx") { engine, image in
            try await engine.withProcess(of: image) { process in
                #expect(try await process.reach("/usr/bin/python3", "-c", get) + "\n" == expected)
                let (users, groups) = try (process.users, process.groups)
                #expect(users == [101, 101, 101, 101])
                #expect(groups == [101, 101, 101, 101])
                #expect(try await process.status(of: "/var/lib/nginx") == "101:101 0700 directory")
                #expect(try await process.status(of: "/run/nginx/nginx.pid").hasPrefix("101:101 "))
                // Its StopSignal lets nginx finish what it does, and then it ends with status 0.
                try await engine.check(["stop", process.container])
                let status = try await engine.check(
                    ["inspect", "--format", "{{.State.ExitCode}} {{.State.Running}}", process.container]
                )
                #expect(status == "0 false")
            }
        }
    }

    @Test(.requires("docker", "dockerd", "podman", "runc"), .requiresRoot)
    func `bash runs the programs of coreutils`() async throws {
        let script = """
            set -euo pipefail
            id -u; pwd; echo $HOME
            stat --format='%n %u:%g %a' /root /tmp /etc/passwd
            mkdir -p /tmp/a/b; echo hello >/tmp/a/b/c; cp -r /tmp/a /tmp/d; mv /tmp/d/b/c /tmp/e; cat /tmp/e
            printf 'b\\na\\n' | sort | head -n 1; echo -n hello | sha256sum | cut -c 1-8
            rm -r /tmp/a; ls /tmp | wc -l
            """
        let expected = """
            0
            /root
            /root
            /root 0:0 700
            /tmp 0:0 1777
            /etc/passwd 0:0 644
            hello
            a
            2cf24dba
            2
            """
        try await withEngines(running: "shell") { engine, image in
            let output = try await engine.run(image: image, ["/bin/bash", "-c", script], options: [])
            #expect(output == expected)
        }
    }

    @Test(.requires("umoci", "crun", "unshare"), .requiresRoot)
    func `crun runs what umoci unpacks, as the spec's user`() async throws {
        let spec = """
            name: bundle
            contents: [{ executable: [/bin/bash, /usr/bin/id] }]
            files: [{ path: /work, directory: true, owner: "1234:5678", mode: "0700" }]
            config:
              User: "1234:5678"
              Env: [GIVEN=given]
              WorkingDir: /work
              Cmd: [/bin/bash, -c, "/usr/bin/id -u; /usr/bin/id -g; pwd; echo $GIVEN; >/work/file && echo done"]
            """
        // umoci asks for a terminal. crun refuses machines with both versions of control groups, so it sees only one.
        let script = """
            umoci unpack --image layout:v1 bundle
            sed -i 's/"terminal": *true/"terminal": false/' bundle/config.json
            mount -t tmpfs none /sys/fs/cgroup
            mount -t cgroup2 none /sys/fs/cgroup
            exec crun --cgroup-manager=disabled --root "$PWD/crun" run --bundle bundle "drydock-$$"
            """
        try await withTemporaryDirectory { directory in
            try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            try await Drydock.build(directory + "/spec.yaml", to: "oci:\(directory)/layout:v1")
            let output = try await Command.check(["unshare", "--mount", "sh", "-ec", script], in: directory)
            #expect(output == "1234\n5678\n/work\ngiven\ndone")
        }
    }

    /// Builds an example once, and calls `body` with each engine after it has loaded the image.
    private func withEngines(
        running example: String,
        _ body: (any ContainerEngine, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let archive = directory + "/image.tar"
            let built = try await Drydock.build(Drydock.example(example), to: "docker-archive:\(archive)")
            #expect(try await ImageChecker.faults(of: archive) == [])
            #expect(try await Drydock.inspect(archive) == built)

            let docker = try await DockerDaemon.shared.client()
            let loaded = try await docker.load(archive)
            #expect(loaded == built.references)
            try await body(docker, try #require(loaded.first))

            try await withPodman { podman in
                let loaded = try await podman.load(archive)
                #expect(loaded == built.references.map { "localhost/" + $0 })
                try await body(podman, try #require(loaded.first))
            }
        }
    }
}
