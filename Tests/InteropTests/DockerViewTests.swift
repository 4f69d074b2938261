// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What Docker says of a loaded image, against what the command says of it.
@Suite
struct DockerViewTests {
    @Test(.requires("docker", "dockerd", "runc", "python3"), .requiresRoot)
    func `Docker knows every setting of a spec that has them all`() async throws {
        try await withTemporaryDirectory { directory in
            try Self.spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            let archive = directory + "/image.tar"
            let built = try await Drydock.build(directory + "/spec.yaml", to: archive)
            #expect(try built.config == JSON(Self.settings.utf8))
            #expect(try await ImageChecker.faults(of: archive) == [])
            #expect(try await ImageChecker.documentFaults(of: archive) == [])

            let docker = try await DockerDaemon.shared.client()
            #expect(try await docker.load(archive) == ["all-settings:v1"])
            // Without a format the client prints what the daemon says, not what it knows itself.
            let images = try JSON(try await docker.check(["image", "inspect", "all-settings:v1"]).utf8)
            let view = try #require(images["0"])
            #expect(view["Id"] == .string(built.imageID))
            #expect(view["RootFS", "Layers"] == .array(built.diffIDs.map { .string($0) }))
            #expect(view["Created"] == .string("2020-02-02T02:02:02Z"))
            #expect(view["Architecture"] == .string("arm64"))
            #expect(view["Variant"] == .string("v8"))
            #expect(view["Os"] == .string("linux"))
            let seen = try #require(view["Config"])
            for (key, value) in built.config.members.sorted(by: { $0.key < $1.key }) {
                #expect(seen[key] == Self.expected(key, value, knowing: seen), "\(key)")
            }
        }
    }

    /// Docker keeps no limits in an image, and knows StartInterval since its version 25.
    private static func expected(_ key: String, _ value: JSON, knowing seen: JSON) -> JSON? {
        switch (key, value) {
        case ("Memory", _), ("MemorySwap", _), ("CpuShares", _): return nil
        case ("Healthcheck", .object(var members)):
            if seen[key, "StartInterval"] == nil { members["StartInterval"] = nil }
            return .object(members)
        default: return value
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresRoot)
    func `Docker's history tells what made each layer`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let spec = """
                name: history
                tag: v1
                contents: [{ directory: one }, { executable: [/usr/bin/env, /usr/bin/id] }]
                copyToRoot: one
                files: [{ path: /etc/motd, text: hello }, { path: /var/run, symlink: ../run }]
                """
            try FileManager.default.createDirectory(atPath: directory + "/one", withIntermediateDirectories: false)
            try "1".write(toFile: directory + "/one/file", atomically: false, encoding: .utf8)
            try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            let built = try await Drydock.build(directory + "/spec.yaml", to: directory + "/image.tar")
            let names = try await docker.load(directory + "/image.tar")
            let format = ["history", "--no-trunc", "--format", "{{.CreatedBy}}"]
            let history = try await docker.check(format + names).split(separator: "\n").map(String.init)
            let expected = [
                "drydock: directory one", "drydock: executable /usr/bin/env, /usr/bin/id",
                "drydock: copyToRoot one; files /etc/motd, /var/run",
            ]
            // Docker shows the uppermost layer first.
            #expect(history == expected.reversed())
            #expect(built.layers.map(\.createdBy) == expected)
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresRoot)
    func `loading twice adds nothing, and a pipe does as well as a file`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let spec = directory + "/spec.yaml"
            let text = "name: again\nfiles: [{ path: /etc/motd, text: hello }]\n"
            try text.write(toFile: spec, atomically: false, encoding: .utf8)
            let built = try await Drydock.build(spec, to: directory + "/image.tar")
            #expect(try await docker.load(directory + "/image.tar") == built.references)
            let list = ["images", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", "again"]
            let once = try await docker.check(list)
            #expect(once == "\(try #require(built.references.first)) \(built.imageID)")
            #expect(try await docker.load(directory + "/image.tar") == built.references)
            let stream = [try Drydock.path, "build", "--progress", "none", "-o", "-", spec]
            #expect(try await docker.load(streamOf: stream) == built.references)
            #expect(try await docker.check(list) == once)
        }
    }

    @Test(.requires("docker", "dockerd", "podman", "runc"), .requiresRoot)
    func `a compressed archive loads as the same image`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let (gzip, zstd) = ("docker-archive:\(directory)/gzip.tar:g:1", "docker-archive:\(directory)/zstd.tar:z:1")
            let built = try await Drydock.build(Drydock.example("shell"), to: gzip, options: ["--compress", "gzip"])
            let other = try await Drydock.build(Drydock.example("shell"), to: zstd, options: ["--compress", "zstd"])
            #expect(other.imageID == built.imageID)
            #expect(try await docker.load(directory + "/gzip.tar") == ["g:1"])
            #expect(try await docker.check(["image", "inspect", "--format", "{{.Id}}", "g:1"]) == built.imageID)
            // Debian 12's Docker knows no zstd, and its Podman refuses archives in gzip, whoever compressed them.
            try await withPodman { podman in
                #expect(try await podman.load(directory + "/zstd.tar") == ["localhost/z:1"])
                let identifier = try await podman.check(["image", "inspect", "--format", "sha256:{{.Id}}", "z:1"])
                #expect(identifier == built.imageID)
            }
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresRoot)
    func `Docker loads the largest number of layers that a spec may ask for`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let items = try (1...130).map { number in
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(number)",
                    withIntermediateDirectories: false
                )
                try "".write(toFile: "\(directory)/\(number)/\(number)", atomically: false, encoding: .utf8)
                return "{ directory: '\(number)' }"
            }
            let spec = "name: layers\ntag: v1\nmaxLayers: 125\ncontents: [\(items.joined(separator: ", "))]\n"
            try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            let built = try await Drydock.build(directory + "/spec.yaml", to: directory + "/image.tar")
            #expect(built.layers.count == 125)
            #expect(try await docker.load(directory + "/image.tar") == ["layers:v1"])
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresRoot)
    func `Docker builds on an image with its Shell and its OnBuild`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let spec = """
                name: base
                tag: v1
                contents: [{ executable: [/bin/bash, /bin/cat] }]
                config: { Shell: [/bin/bash, -euc], OnBuild: [RUN echo $GIVEN >/onbuild], Env: [GIVEN=given] }
                """
            try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            let base = try await Drydock.build(directory + "/spec.yaml", to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            let recipe = "FROM base:v1\nRUN echo built >/built\nCMD [\"/bin/cat\", \"/onbuild\", \"/built\"]\n"
            try recipe.write(toFile: directory + "/Dockerfile", atomically: false, encoding: .utf8)
            try await Command.check(
                ["docker", "--host", "unix://" + docker.socket, "build", "--network=none", "--tag=derived:v1", "."],
                environment: ["DOCKER_BUILDKIT": "0", "HOME": directory],
                in: directory
            )
            #expect(try await docker.run(image: "derived:v1") == "given\nbuilt")
            try await docker.save(["derived:v1"], to: directory + "/derived.tar")
            let derived = try await Drydock.inspect(directory + "/derived.tar")
            #expect(derived.diffIDs.prefix(base.diffIDs.count) == base.diffIDs[...])
            #expect(derived.layers.count == base.layers.count + 2)
        }
    }

    private static let spec = """
        name: all-settings
        tag: v1
        architecture: arm64
        variant: v8
        created: 2020-02-02T02:02:02Z
        annotations: { org.opencontainers.image.title: All settings }
        files: [{ path: /etc/motd, text: hello }]
        config:
          User: "7:8"
          ExposedPorts: [80/tcp, 53/udp]
          Env: [A=b, C=d=e, EMPTY=, "QUOTED=\\"ü\\" <&> \\n"]
          Entrypoint: [/bin/entry]
          Cmd: [one, two words]
          Volumes: [/data, /var/lib/x]
          WorkingDir: /work
          Labels: { a: b, "ü": "ö\\n" }
          StopSignal: SIGRTMIN+3
          StopTimeout: 17
          Healthcheck:
            { Test: [CMD, /bin/true, x], Interval: 1m30s, Timeout: 5s, StartPeriod: 250ms, StartInterval: 2s, Retries: 4 }
          Shell: [/bin/bash, -c]
          OnBuild: [RUN x, COPY . /]
          Memory: 1073741824
          MemorySwap: -1
          CpuShares: 512
          Hostname: host
          Domainname: example.org
          AttachStdin: true
          AttachStdout: true
          AttachStderr: true
          Tty: true
          OpenStdin: true
          StdinOnce: true
          NetworkDisabled: true
          MacAddress: "02:42:ac:11:00:02"
        """

    private static let settings = """
        {
            "User": "7:8", "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
            "Env": ["A=b", "C=d=e", "EMPTY=", "QUOTED=\\"ü\\" <&> \\n"],
            "Entrypoint": ["/bin/entry"], "Cmd": ["one", "two words"], "Volumes": {"/data": {}, "/var/lib/x": {}},
            "WorkingDir": "/work", "Labels": {"a": "b", "ü": "ö\\n"}, "StopSignal": "SIGRTMIN+3", "StopTimeout": 17,
            "Healthcheck": {
                "Test": ["CMD", "/bin/true", "x"], "Interval": 90000000000, "Timeout": 5000000000,
                "StartPeriod": 250000000, "StartInterval": 2000000000, "Retries": 4
            },
            "Shell": ["/bin/bash", "-c"], "OnBuild": ["RUN x", "COPY . /"],
            "Memory": 1073741824, "MemorySwap": -1, "CpuShares": 512, "Hostname": "host",
            "Domainname": "example.org", "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Tty": true,
            "OpenStdin": true, "StdinOnce": true, "NetworkDisabled": true, "MacAddress": "02:42:ac:11:00:02"
        }
        """
}
