// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Foundation

extension BuildEnvironment {
    /// The clock, the variables and the working directory of this process.
    static func current() throws -> BuildEnvironment {
        let variables = ProcessInfo.processInfo.environment
        let now = Date().timeIntervalSince1970
        return BuildEnvironment(
            now: Timestamp.Instant(seconds: Int64(now)),
            sourceDateEpoch: variables["SOURCE_DATE_EPOCH"],
            temporaryDirectory: variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp",
            workingDirectory: FileManager.default.currentDirectoryPath
        )
    }
}
