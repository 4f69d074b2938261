// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockCompression
public import DrydockFiles
public import DrydockPackages

/// A root file system as one tar: the same bytes for the same entries.
public struct TreeArchive: Sendable {
    private static let stepSize = 1 << 20

    private let recipe: LayerRecipe

    /// A tar of these entries, in their order.
    ///
    /// - Throws: `TarWritingFailure` for an entry that a tar cannot hold.
    public init(_ entries: [TreeEntry]) throws { recipe = try LayerRecipe(entries: entries) }

    /// The size of the uncompressed tar in bytes.
    public var size: Int64 { recipe.size }

    /// Writes the tar, compressed if that is wanted.
    ///
    /// - Throws: `SystemError`; ``TreeError`` for content that has changed meanwhile; `CancellationError`.
    public func write(to output: OutputDescriptor, compression: CompressionFormat = .none) async throws {
        try await BlockingPool.withPool { [recipe] pool in
            let stream = LayerStream(recipe)
            guard compression == .none else {
                return try await unsafe ParallelCompressor(compression, workers: pool.width).compress(
                    filling: { try unsafe stream.read(into: $0) },
                    writing: { try unsafe output.append($0) }
                )
            }
            let buffer = AlignedBuffer(capacity: Self.stepSize)
            while true {
                try Task.checkCancellation()
                buffer.count = try unsafe stream.read(into: buffer.storage)
                try unsafe output.append(buffer.bytes)
                // Only the end of the tar leaves room.
                if buffer.count < buffer.capacity { break }
            }
        }
    }
}
