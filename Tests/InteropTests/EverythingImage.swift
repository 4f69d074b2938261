// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation

/// A spec with entries of every kind: owners beyond two million, devices, hard links, names that are not UTF-8.
enum EverythingImage {
    /// Makes the sources and the spec in an empty directory, and gives the spec's path; needs root.
    static func make(in directory: String) async throws -> String {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        let sources = directory + "/sources"
        try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: false)
        let script = fixtures.appendingPathComponent("make_everything.py").path
        try await Command.check(["/usr/bin/python3", script, sources])
        return sources + "/spec.json"
    }
}
