// SPDX-License-Identifier: Apache-2.0

import DrydockDaemon
import DrydockDigests
import DrydockTestSupport
import Foundation

/// A small image whose layers differ by what they are given.
struct SampleImage: Sendable {
    let name: String
    let layers: [[UInt8]]
    let configuration: [UInt8]

    var diffIDs: [Digest] { layers.map { Digest(of: $0) } }
    var id: Digest { Digest(of: configuration) }

    /// An image with one layer, of one file, for each text.
    init(name: String, texts: [String], in directory: String) async throws {
        self.name = name
        var layers: [[UInt8]] = []
        for (number, text) in texts.enumerated() {
            try text.write(toFile: "\(directory)/file-\(number)", atomically: false, encoding: .utf8)
            layers.append(try await Self.tar(["file-\(number)"], in: directory))
        }
        self.layers = layers
        let diffIDs = layers.map { "\"\(Digest(of: $0))\"" }.joined(separator: ",")
        let text =
            #"{"architecture":"amd64","config":{"Cmd":["/none"]},"os":"linux","#
            + #""rootfs":{"diff_ids":[\#(diffIDs)],"type":"layers"}}"#
        configuration = Array(text.utf8)
    }

    /// The image as docker-archive without the files of its lowest layers.
    func archive(omitting count: Int = 0, in directory: String) async throws -> [UInt8] {
        let folder = "\(directory)/archive-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = layers.indices.map { "layer-\($0).tar" }
        for number in layers.indices.dropFirst(count) {
            try Data(layers[number]).write(to: URL(fileURLWithPath: "\(folder)/\(names[number])"))
        }
        try Data(configuration).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        let manifest = #"[{"Config":"config.json","RepoTags":["\#(name)"],"Layers":[\#(list)]}]"#
        try Data(manifest.utf8).write(to: URL(fileURLWithPath: "\(folder)/manifest.json"))
        return try await Self.tar(names.dropFirst(count) + ["config.json", "manifest.json"], in: folder)
    }

    private static func tar(_ names: [String], in directory: String) async throws -> [UInt8] {
        let options = ["--format=ustar", "--mtime=@0", "--owner=0", "--group=0", "--mode=0644"]
        return try await Command.run(["tar", "-c"] + options + names, in: directory).standardOutput
    }
}

extension DaemonArchive {
    /// An archive that is there already.
    init(_ bytes: [UInt8]) {
        self.init(size: Int64(bytes.count)) {
            var rest = bytes[...]
            return { count in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
        }
    }
}
