// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation

/// A docker-archive that was made without any code of this package: a static busybox that prints `hello`.
enum HandMadeImage {
    /// Writes the archive, whole or with one of the faults that `make_image.py` knows.
    static func write(to archive: String, fault: String? = nil) async throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        let script = fixtures.appendingPathComponent("make_image.py").path
        try await Command.check(["/usr/bin/python3", script, archive] + (fault.map { [$0] } ?? []))
    }
}
