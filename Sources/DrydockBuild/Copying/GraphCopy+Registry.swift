// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockRegistry
public import DrydockStorage

extension GraphCopy {
    /// A copy to a registry, where one tag means one image or index.
    ///
    /// - Parameters:
    ///   - graph: What is copied; with its images one by one, if they may change.
    ///   - target: The repository and the name there.
    ///   - compression: How layers are compressed; nil keeps them as they are.
    /// - Throws: ``CopyFailure/severalForRegistry(_:available:)``.
    public init(of graph: StoredGraph, to target: PushTarget, compression: CompressionFormat? = nil) throws {
        guard let entry = graph.onlyEntry else {
            let names = graph.entries.compactMap { $0.annotations?[ImageLayout.referenceNameAnnotation] }
            throw CopyFailure.severalForRegistry(target.reference.familiarDescription, available: Set(names).sorted())
        }
        try self.init(graph, [entry], compression)
    }

    /// Sends everything to a registry, which gets what it lacks; the tag is written last.
    ///
    /// - Parameters:
    ///   - target: The repository and the name there.
    ///   - width: The number of threads, by default that of the processors; the bytes do not depend on it.
    ///   - progress: Told of every step.
    /// - Returns: What arrived.
    /// - Throws: ``RegistryFailure``, also if an index lists what is neither in the source nor in the repository, and then
    ///   before anything is sent; ``CopyFailure``; as ``deliver(to:width:progress:)``.
    public func push(
        to target: PushTarget,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            do {
                try await requireAbsent(in: target)
                let payload = try payload(workers: pool.width, progress)
                let push = PayloadPush(payload: payload, target: target, width: pool.width, progress: progress)
                return try result(try await push.push())
            } catch let failure as RegistryFailure {
                throw failure.about(target.reference.familiarDescription)
            }
        }
    }

    /// Asks the repository for what an index lists and the source does not have.
    private func requireAbsent(in target: PushTarget) async throws {
        let absent = try graph.absentDigests()
        guard !absent.isEmpty else { return }
        let repository = try await target.client.repository(of: target.reference)
        for digest in absent where try await repository.manifestDescriptor(.digest(digest)) == nil {
            throw RegistryFailure(.incompleteIndex(digest))
        }
    }
}

extension StoredGraph {
    /// What indexes list and is not here.
    fileprivate func absentDigests() throws(JSONFailure) -> [Digest] {
        let here = documents.map(\.descriptor.digest) + blobs.map(\.descriptor.digest) + images.map(\.descriptor.digest)
        var seen = Set(here)
        var absent: [Digest] = []
        for document in documents where document.descriptor.mediaType.isIndex {
            for entry in try ImageIndex(parsing: document.bytes).manifests where seen.insert(entry.digest).inserted {
                absent.append(entry.digest)
            }
        }
        return absent
    }
}
