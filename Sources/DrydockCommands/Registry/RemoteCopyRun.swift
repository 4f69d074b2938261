// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// An image of a registry on its way to a place where it stays as it is.
struct RemoteCopyRun {
    /// Where it goes.
    enum Target {
        case registry(ImageReference)
        case layout(ImageLocation)

        var text: String {
            switch self {
            case .registry(let reference): "pushed to \(reference.withDefaultTag)"
            case .layout(let location): "written to oci:\(location.path)"
            }
        }
    }

    let source: ImageReference
    let isWhole: Bool
    let platform: Platform?
    let store: LocalStore

    /// Copies, and tells what was copied.
    func finish(
        to target: Target,
        _ access: RegistryAccess,
        progress: ProgressStyle,
        asJSON json: Bool
    ) async throws {
        let graph = try await access.withClient { client in
            try await BlockingPool.withPool(width: ImagePull.width) { [self] _ in
                var copy = RemoteCopy(source, client: client, store: store)
                copy.platform = platform
                copy.isWhole = isWhole
                let graph = try await copy.resolve()
                let display = TransferDisplay(progress, total: graph.size)
                copy.transfer = display.progress
                try await display.during { [copy] in
                    switch target {
                    case .registry(let reference): try await copy.copy(graph, to: reference)
                    case .layout(let location):
                        try await copy.copy(graph, to: ImageLayout(creating: location.path), as: location.reference)
                    }
                }
                return graph
            }
        }
        if json { return try Output.json(Self.json(graph)) }
        try Output.text(Self.text(graph) + target.text + "\n")
    }

    /// Fetches everything into the cache.
    func fetch(_ access: RegistryAccess, hasImages: Bool, progress: ProgressStyle) async throws -> StoredGraph {
        try await access.withClient { client in
            try await BlockingPool.withPool { [self] _ in
                var copy = RemoteCopy(source, client: client, store: store)
                copy.isWhole = true
                let graph = try await copy.resolve()
                let display = TransferDisplay(progress, total: graph.size)
                copy.transfer = display.progress
                return try await display.during { [copy] in try await copy.fetch(graph, hasImages: hasImages) }
            }
        }
    }

    private static func json(_ graph: RemoteGraph) -> JSONValue {
        .object([
            "digest": .string("\(graph.top.digest)"),
            "mediaType": .string(graph.top.mediaType.rawValue),
            "images": .array(
                graph.entries.map { entry in
                    .object(["digest": .string("\(entry.digest)"), "platform": entry.platform?.json ?? .null])
                }
            ),
        ])
    }

    private static func text(_ graph: RemoteGraph) -> String {
        let kind = graph.top.mediaType.isIndex ? "index" : "image"
        let entries = graph.entries.map { "  \($0.digest)  \($0.platform.map { "\($0)" } ?? "-")\n" }
        return "\(kind) \(graph.top.digest)\n" + entries.joined()
    }
}
