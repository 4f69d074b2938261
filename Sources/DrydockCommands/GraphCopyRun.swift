// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Indexes with all of their images on their way between image layouts, archives of them and registries.
struct GraphCopyRun {
    let graph: StoredGraph
    let transfer: TransferOptions
    let work: WorkOptions

    /// What is at a location, if it has more than images.
    ///
    /// - Returns: nil if images are copied, one by one.
    static func graph(at location: ImageLocation, _ transfer: TransferOptions) throws -> StoredGraph? {
        let graph = try StoredGraph(
            at: location,
            hasImages: transfer.compress != nil,
            temporaryDirectory: TransferOptions.temporaryDirectory
        )
        return graph?.isMoreThanImages == true ? graph : nil
    }

    /// Copies, and tells what was copied.
    func finish(to destination: Destination, asJSON json: Bool) async throws {
        if destination.isStandardOutput, json { throw OptionConflict.jsonOnStandardOutput }
        let copy = try GraphCopy(of: graph, to: destination, compression: transfer.compress)
        let progress = work.progress.display(copy.work, passes: destination.passes)
        let result = try await progress.during {
            try await copy.deliver(to: destination, width: work.jobs, progress: progress.counter)
        }
        try tell(result, "written to \(destination.title)", json, toStandardError: destination.isStandardOutput)
    }

    /// Sends all of it to a registry, and tells what was sent.
    func push(
        to reference: ImageReference,
        _ access: RegistryAccess,
        _ store: LocalStore,
        asJSON json: Bool
    ) async throws {
        let result = try await access.withClient { [self] client in
            let target = PushTarget(reference, client: client, store: store)
            let copy = try GraphCopy(of: graph, to: target, compression: transfer.compress)
            let progress = work.progress.display(copy.work, passes: 1)
            return try await progress.during {
                try await copy.push(to: target, width: work.jobs, progress: progress.counter)
            }
        }
        try tell(result, "pushed to \(reference.withDefaultTag)", json)
    }

    private func tell(
        _ result: GraphCopy.Result,
        _ place: String,
        _ json: Bool,
        toStandardError isStream: Bool = false
    ) throws {
        try Output.notes(result.changes)
        if json { return try Output.json(GraphReport(result).json) }
        try Output.text(GraphReport(result).text + place + "\n", toStandardError: isStream)
    }
}

/// What is told of indexes that were copied or made.
struct GraphReport {
    private let entries: [Descriptor]
    /// Manifests of images, attestations and artifacts.
    private let manifests: [Descriptor]

    init(_ result: GraphCopy.Result) {
        entries = result.entries
        manifests = result.manifests
    }

    var json: JSONValue {
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

    var text: String {
        let lines = entries.map { entry in
            let kind = entry.mediaType.isIndex ? "index" : "image"
            return "\(kind) \(entry.digest)\(name(of: entry).map { "  \($0)" } ?? "")\n"
        }
        return lines.joined()
            + manifests.map { "  \($0.digest)  \($0.platform.map { "\($0)" } ?? "-")\n" }.joined()
    }

    private func name(of entry: Descriptor) -> String? { entry.annotations?[ImageLayout.referenceNameAnnotation] }
}
