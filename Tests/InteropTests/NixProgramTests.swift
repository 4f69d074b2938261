// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Programs of the Nix store in a real Docker, each with nothing but its closure.
@Suite
struct NixProgramTests {
    @Test(
        .requires("docker", "dockerd", "runc"),
        .requiresClosures,
        arguments: [
            Program("bash", "echo $((6 * 7)); /bin/sh -c 'echo $0'", "42\n/bin/sh"),
            Program("vim", "vim -es -u NONE -c 'call writefile([6 * 7], \"/tmp/x\")' -c 'qa!'; echo $(</tmp/x)", "42"),
            Program("emacs", "emacs --batch --eval \"(progn (require 'org) (princ (* 6 7)))\"", "42"),
            Program(
                "git",
                """
                cd /tmp; git init -q r; cd r
                git -c user.name=a -c user.email=b commit -q --allow-empty -m first; git log --format=%s
                """,
                "first"
            ),
            Program(
                "nix",
                "nix --extra-experimental-features nix-command eval --store dummy:// --expr '6 * 7'",
                "42"
            ),
        ]
    )
    func `a program runs from the layers of its closure`(_ program: Program) async throws {
        let closures = try await NixClosures.shared
        let contents = try Set(["bash", program.name]).sorted().map(closures.path)
        try await withTemporaryDirectory { directory in
            let image = try StoreImage("drydock-nix-" + program.name, contents: contents, in: directory)
            let docker = try await DockerDaemon.shared.client()
            // Nothing lies on a disk between the two programs.
            let loaded = try await docker.load(streamOf: image.streaming)
            #expect(loaded == ["\(image.name):test"])
            let text = try await docker.run(image: "\(image.name):test", ["/bin/bash", "-euc", program.script])
            #expect(text == program.output)
        }
    }

    struct Program: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        let output: String

        init(_ name: String, _ script: String, _ output: String) {
            self.name = name
            self.script = script
            self.output = output
        }

        var testDescription: String { name }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `redis answers from the layers of its closure`() async throws {
        let redis = try await NixClosures.shared.path("redis")
        try await withTemporaryDirectory { directory in
            let config = JSON.object([
                "Cmd": .array([.string("/bin/redis-server"), .string("--save"), .string("")]),
                "WorkingDir": .string("/tmp"), "User": .string("999:999"),
            ])
            let image = try StoreImage("drydock-nix-redis", contents: [redis], keys: ["config": config], in: directory)
            try await image.build()
            let docker = try await DockerDaemon.shared.client()
            #expect(try await docker.load(image.archive) == ["drydock-nix-redis:test"])
            let text = try await docker.withContainer(of: "drydock-nix-redis:test") { container in
                try await answer(of: docker, in: container, to: ["/bin/redis-cli", "ping"])
            }
            #expect(text == "PONG")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `nginx serves a page from the layers of its closure`() async throws {
        let closures = try await NixClosures.shared
        let contents = try ["nginx", "bash"].map(closures.path)
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path /tmp/\($0);" }
        let configuration = """
            daemon off; pid /tmp/pid; events {}
            http { access_log off; \(temporary.joined(separator: " ")) server { listen 8080; root /www; } }
            """
        func file(_ path: String, _ text: String) -> JSON { .object(["path": .string(path), "text": .string(text)]) }
        try await withTemporaryDirectory { directory in
            let tmp = JSON.object(["path": .string("/tmp"), "directory": .boolean(true), "mode": .string("1777")])
            let command = ["/bin/nginx", "-e", "stderr", "-c", "/etc/page.conf"].map(JSON.string)
            let keys: [String: JSON] = [
                "config": .object(["Cmd": .array(command), "User": .string("101:101")]),
                "files": .array([
                    tmp, file("/etc/page.conf", configuration), file("/www/index.html", "from the store\n"),
                ]),
            ]
            let image = try StoreImage("drydock-nix-nginx", contents: contents, keys: keys, in: directory)
            try await image.build()
            let docker = try await DockerDaemon.shared.client()
            _ = try await docker.load(image.archive)
            let get =
                "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; mapfile -u 3 l; echo ${l[-1]}"
            let text = try await docker.withContainer(of: "drydock-nix-nginx:test") { container in
                try await answer(of: docker, in: container, to: ["/bin/bash", "-euc", get])
            }
            #expect(text == "from the store")
        }
    }

    /// What a command in the container says once the service there answers; the service has ten seconds to start.
    private func answer(of docker: Docker, in container: String, to command: [String]) async throws -> String {
        for _ in 0..<100 {
            if let text = try? await docker.check(["exec", container] + command) { return text }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await docker.check(["exec", container] + command)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `an image without its store paths runs on the store of its host`() async throws {
        let closures = try await NixClosures.shared
        let contents = try ["hello"].map(closures.path)
        try await withTemporaryDirectory { directory in
            let keys: [String: JSON] = ["includeStorePaths": .boolean(false)]
            let image = try StoreImage("drydock-nix-thin", contents: contents, keys: keys, in: directory)
            #expect(try await image.build().layers.count == 1)
            let docker = try await DockerDaemon.shared.client()
            _ = try await docker.load(image.archive)
            let store = ["--volume", "/nix/store:/nix/store:ro"]
            #expect(
                try await docker.run(image: "drydock-nix-thin:test", ["/bin/hello"], options: store) == "Hello, world!"
            )
        }
    }
}
