// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Podman {
    /// Calls `body` with the path of a socket at which Podman answers as Docker does.
    ///
    /// - Throws: What `body` throws, and ``Command/Failure`` if the service does not answer.
    public func withService<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let socket = directory + "/service.sock"
        let running = try await Command.start(
            command + ["system", "service", "--time=0", "unix://\(socket)"],
            environment: variables,
            timeout: 3_600
        )
        return try await cleaningUp {
            for _ in 0..<600 where !FileManager.default.fileExists(atPath: socket) {
                try await Task.sleep(for: .milliseconds(100))
            }
            return try await body(socket)
        } cleanup: {
            running.signal(SIGTERM)
            _ = try? await running.output()
        }
    }
}
