// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Indexes with all of their images on their way between image layouts.
struct GraphCopyRun {
    let graph: StoredGraph
    let work: WorkOptions

    /// What is at a location, if it has more than images and all of it can go to the destination.
    ///
    /// - Returns: nil if images are copied, one by one.
    static func graph(at location: ImageLocation, to destination: Destination) throws -> StoredGraph? {
        guard destination.transport != .dockerArchive, destination.daemon == nil else { return nil }
        let temporaryDirectory = TransferOptions.temporaryDirectory
        guard let graph = try StoredGraph(at: location, temporaryDirectory: temporaryDirectory) else { return nil }
        return graph.isMoreThanImages ? graph : nil
    }

    /// Copies, and tells what was copied.
    func finish(to destination: Destination, asJSON json: Bool) async throws {
        if destination.isStandardOutput, json { throw OptionConflict.jsonOnStandardOutput }
        let copy = try GraphCopy(of: graph, to: destination)
        let progress = work.progress.display(copy.work, passes: destination.passes)
        try await progress.during {
            try await copy.deliver(to: destination, width: work.jobs, progress: progress.counter)
        }
        if json { return try Output.json(report(copy.entries)) }
        try Output.text(
            text(copy.entries) + "written to \(destination.title)\n",
            toStandardError: destination.isStandardOutput
        )
    }

    /// Manifests of images, attestations and artifacts.
    private var manifests: [Descriptor] { graph.documents.map(\.descriptor).filter(\.mediaType.isManifest) }

    private func report(_ entries: [Descriptor]) -> JSONValue {
        .object([
            "entries": .array(
                entries.map { entry in
                    .object([
                        "digest": .string("\(entry.digest)"),
                        "mediaType": .string(entry.mediaType.rawValue),
                        "name": name(of: entry).map { .string($0) } ?? .null,
                    ])
                }
            ),
            "images": .array(
                manifests.map { manifest in
                    .object(["digest": .string("\(manifest.digest)"), "platform": manifest.platform?.json ?? .null])
                }
            ),
        ])
    }

    private func text(_ entries: [Descriptor]) -> String {
        let lines = entries.map { entry in
            let kind = entry.mediaType.isIndex ? "index" : "image"
            return "\(kind) \(entry.digest)\(name(of: entry).map { "  \($0)" } ?? "")\n"
        }
        return lines.joined()
            + manifests.map { "  \($0.digest)  \($0.platform.map { "\($0)" } ?? "-")\n" }.joined()
    }

    private func name(of entry: Descriptor) -> String? { entry.annotations?[ImageLayout.referenceNameAnnotation] }
}
