// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Layers that dockerTools makes of the same arguments, so that a registry holds them once for both.
@Suite
struct SharedLayerTests {
    static let images = [
        "configuration", "editors", "git", "hello", "linked", "nginx", "nix", "python", "redis", "shell",
    ]

    @Test(.requires("tar"), .requiresClosures, arguments: images)
    func `an image has the layers that dockerTools makes, byte for byte`(name: String) async throws {
        let image = try #require(await SharedImages.all[name])
        let expected = try await image.expected()
        try await expectLayers(of: image.sizeFirst, expected.sizeFirst[0])
        try await expectLayers(of: image.popularity, expected.popularity[0])
    }

    /// Compares all but the last layer, which has what lies at `/`, if anything does.
    private func expectLayers(of program: String, _ groups: [[String]]) async throws {
        let expected = try await ReferenceLayer.digests(groups).map(\.diffID)
        try await withTemporaryDirectory { directory in
            let environment = ["DRYDOCK_CACHE": NSTemporaryDirectory() + "/drydock-library-cache"]
            let arguments = ["docker-archive:\(directory)/image.tar", "--json", "--progress", "none"]
            let text = try await Command.check([program] + arguments, environment: environment, timeout: 300)
            let image = try JSONDecoder().decode(Drydock.Image.self, from: Data(text.utf8))
            let store = image.layers.filter { $0.createdBy == "drydock: store paths" }.count
            #expect(Array(image.diffIDs.prefix(store)) == expected)
        }
    }
}

/// The images, described once in a test process.
private enum SharedImages {
    static var all: [String: SharedImage] {
        get async throws { try await builds.images() }
    }

    private static let builds = Builds()

    private actor Builds {
        private var building: Task<[String: SharedImage], any Error>?

        func images() async throws -> [String: SharedImage] {
            if let building { return try await building.value }
            let task = Task {
                let file = try await LibraryBuilds.build(file: "shared-layers.nix")
                return try JSONDecoder().decode([String: SharedImage].self, from: Data(contentsOf: URL(filePath: file)))
            }
            building = task
            return try await task.value
        }
    }
}

/// One image: what both are told, and programs that make it with either division.
private struct SharedImage: Decodable, Sendable {
    let contents: [String]
    let config: JSON
    let directories: [String]
    let maxLayers: Int64
    let sizeFirst: String
    let popularity: String

    /// The layers that dockerTools makes, which keeps one for what lies at `/`.
    func expected() async throws -> DockerToolsLayers {
        try await DockerToolsLayers(
            contents: contents,
            config: config,
            directories: directories,
            limits: [maxLayers - 1]
        )
    }
}
