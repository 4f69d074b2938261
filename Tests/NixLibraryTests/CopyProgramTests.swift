// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The programs of the image form that bring it somewhere.
@Suite
struct CopyProgramTests {
    @Test(.requires("docker-registry"), .requiresClosures)
    func `copyToRegistry sends an image, and nothing the second time`() async throws {
        let program = try await LibraryBuilds.example("nginxDescription.copyToRegistry") + "/bin/copy-to-registry"
        try await TestRegistry.withRegistry { registry in
            try await withTemporaryDirectory { directory in
                let reference = registry.authority + "/team/web:1"
                let copy = [program, reference, "--json"]
                let environment = ["DRYDOCK_CACHE": directory + "/cache"]
                let first = try JSON(Array(await Command.check(copy, environment: environment, timeout: 300).utf8))
                // As skopeo and `copyTo` have it written.
                let again = [program, "docker://" + reference, "--json"]
                let second = try JSON(Array(await Command.check(again, environment: environment, timeout: 300).utf8))
                #expect(first["digest"] == second["digest"])
                let pulled = directory + "/pulled.tar"
                try await Drydock.check(
                    ["pull", reference, "-o", "docker-archive:" + pulled, "--cache", directory + "/other"]
                )
                let archive = try await LibraryImage.named("nginx").path
                #expect(try await Drydock.inspect(pulled).imageID == Drydock.inspect(archive).imageID)
            }
        }
    }

    @Test(.requires("docker-registry"), .requiresClosures, arguments: ["the same cache", "another cache"])
    func `a second push asks whether the layers are there, and uploads none`(cache: String) async throws {
        let program = try await LibraryBuilds.example("nginxDescription.copyToRegistry") + "/bin/copy-to-registry"
        try await TestRegistry.withRegistry { registry in
            try await FaultyProxy.withProxy(before: registry) { proxy in
                try await withTemporaryDirectory { directory in
                    let copy = [program, proxy.authority + "/team/web:1", "--progress", "none"]
                    try await Command.check(copy, environment: ["DRYDOCK_CACHE": directory + "/cache"], timeout: 300)
                    let first = proxy.requests.map { "\($0.method) \($0.target)" }
                    #expect(first.contains { $0.hasPrefix("PUT ") })
                    let other = directory + (cache == "another cache" ? "/other" : "/cache")
                    try await Command.check(copy, environment: ["DRYDOCK_CACHE": other], timeout: 300)
                    let second = proxy.requests.dropFirst(first.count).map { "\($0.method) \($0.target)" }
                    #expect(!second.isEmpty)
                    // Of blobs it asks no more than whether they are there; a manifest is a few kilobytes.
                    let others = second.filter { !$0.hasPrefix("HEAD ") && !$0.contains("/manifests/") }
                    #expect(others.isEmpty, "\(others)")
                }
            }
        }
    }

    @Test(.requires("docker", "dockerd"), .requiresClosures)
    func `copyToDockerDaemon loads an image under its own name or another one`() async throws {
        let form = "nginxDescription.copyToDockerDaemon"
        let program = try await LibraryBuilds.example(form) + "/bin/copy-to-docker-daemon"
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let environment = ["DRYDOCK_CACHE": directory + "/cache", "DOCKER_HOST": "unix://" + docker.socket]
            try await Command.check([program, "nginx-copied:2"], environment: environment, timeout: 300)
            let copied = try JSON(Array(await docker.inspect("nginx-copied:2")))
            let archive = try await LibraryImage.named("nginx").path
            #expect(try await copied["Id"]?.string == Drydock.inspect(archive).imageID)
        }
    }
}
