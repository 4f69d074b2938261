// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Settings of registries that cannot be read.
@Suite
struct RegistryConfigurationTests {
    @Test
    func `they stop only what asks a registry`() async throws {
        try await withTemporaryDirectory { directory in
            let environment = ["CONTAINERS_REGISTRIES_CONF": directory + "/missing.conf"]
            try "name: a\nfiles: [{ path: /a, text: x }]\n".write(
                toFile: directory + "/a.yaml",
                atomically: true,
                encoding: .utf8
            )
            let build = [DrydockProgram.path, "build", "a.yaml", "-o", "a.tar", "--progress", "none"]
            let built = try await Command.run(build, environment: environment, in: directory)
            #expect(built.status == 0)
            #expect(built.errorText == "")
            let inspect = [DrydockProgram.path, "inspect", "docker://localhost:1/a"]
            let inspected = try await Command.run(inspect, environment: environment, in: directory)
            #expect(inspected.status == 1)
            #expect(inspected.errorText.contains("'\(directory)/missing.conf'"))
        }
    }
}
