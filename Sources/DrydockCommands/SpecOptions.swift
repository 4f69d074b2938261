// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockStorage
import Foundation

/// The spec that a command works on.
struct SpecOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The spec: a YAML or JSON file, or '-' for standard input.", valueName: "spec"),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var path: String

    /// Reads the spec.
    func load() throws -> ImageSpec { try SpecFile(path: path).load() }
}

/// A file that holds a spec, or standard input.
struct SpecFile {
    private static let suffixes = [".yaml", ".yml", ".json"]

    let path: String

    /// Whether what was written for an image reads like a spec: `-`, or a bare path with the suffix of one.
    static func isMeant(by text: String) -> Bool {
        if text == "-" { return true }
        guard suffixes.contains(where: text.hasSuffix), let location = try? ImageLocation(text) else { return false }
        return location.transport == nil
    }

    /// Reads the spec; paths in it are relative to its directory, or to the working directory for standard input.
    func load() throws -> ImageSpec {
        let bytes = try InputFile(path).read(limit: InputFile.specLimit)
        let directory = path == "-" ? "." : (path as NSString).deletingLastPathComponent
        return try ImageSpec.decode(
            bytes,
            file: path == "-" ? "standard input" : path,
            directory: directory.isEmpty ? "." : directory
        )
    }
}
