// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The division of dockerTools, whose graph has two paths more than the closure.
@Suite
struct NixSizeFirstTests {
    private static let limits: [Int64] = [1, 2, 3, 4, 6, 9, 14, 20, 30, 60]

    @Test(.requiresClosures, .requires("tar"))
    func `images have the layers of dockerTools, which counts the configuration and what lies at the root`()
        async throws
    {
        let closures = try await NixClosures.shared
        let contents = try ["redis", "git", "hello"].map(closures.path)
        // Mentioned by the configuration alone.
        let config = JSON.object([
            "Cmd": .array([.string(try closures.path("tini") + "/bin/tini"), .string("redis-server")]),
            "Env": .array([.string("PYTHON=" + (try closures.path("python3"))), .string("TEXT=é \"quoted\" / slash")]),
        ])
        let expected = try await DockerToolsLayers(
            contents: contents,
            config: config,
            directories: ["tmp"],
            limits: Self.limits
        )
        #expect(expected.sizeFirst != expected.closureAlone)
        try await withTemporaryDirectory { directory in
            for (limit, layers) in zip(Self.limits, expected.sizeFirst) {
                let image = try StoreImage(
                    "limit-\(limit)",
                    contents: contents,
                    keys: [
                        "layering": .string("sizeFirst"), "maxLayers": .number(limit + 1), "config": config,
                        "architecture": .string("amd64"),
                    ],
                    in: directory
                )
                let plan = try await image.plan()
                #expect(plan.storeLayers.map(\.paths) == layers, "\(limit) layers")
            }
        }
    }
}
