// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `drydock validate` finds what an independent program finds.
@Suite
struct ValidateTests {
    @Test(.requires("python3", "busybox")) func `a sound archive is valid`() async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            let text = try await Drydock.check(["validate", directory + "/image.tar"])
            #expect(text.hasPrefix("valid: 1 image, 1 blob, "))
            _ = try await Drydock.check(["copy", directory + "/image.tar", "oci:\(directory)/layout"])
            let json = try JSON(Data(try await Drydock.check(["validate", "--json", directory + "/layout"]).utf8))
            #expect(json["images"] == .number(1))
            #expect(json["faults"] == .array([]))
        }
    }

    @Test func `all faults are listed at once`() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                mkdir -p one two; echo 1 >one/a; echo 2 >two/b
                printf 'name: x\\ntag: v1\\ncontents: [{ directory: one }, { directory: two }]\\n' >spec.yaml
                """
            try await Command.check(["bash", "-euc", script], in: directory)
            let image = try await Drydock.build("\(directory)/spec.yaml", to: "oci:\(directory)/layout")
            let blobs = directory + "/layout/blobs/sha256/"
            let (damaged, lost) = (image.layers[0].digest, image.layers[1].digest)
            try await Command.check(["truncate", "-s", "20", blobs + damaged.dropFirst(7)])
            try await Command.check(["rm", blobs + lost.dropFirst(7)])
            let output = try await Command.run([try Drydock.path, "validate", "layout"], in: directory)
            #expect(output.status == 1)
            #expect(
                output.text == """
                    'layout' lacks layer \(lost)
                    'layout' has a damaged layer \(damaged): expected \(image.layers[0].size) bytes, got 20 bytes
                    'layout' has a damaged tar of layer \(damaged): the gzip data ends too early, after byte 20; get or \
                    write the file again
                    3 faults in 1 image
                    """
            )
        }
    }
}
