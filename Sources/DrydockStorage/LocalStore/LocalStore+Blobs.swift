// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import Foundation
import GRDB

extension LocalStore {
    /// What a tar became when it was compressed; nil if that is not remembered.
    ///
    /// - Parameters:
    ///   - diffID: The digest of the tar.
    ///   - codec: Everything that the compressed bytes depend on: format, level, library and its version.
    /// - Returns: Digest and size of the blob; the blob itself need not be here.
    /// - Throws: ``LocalStoreFailure``.
    public func compressed(_ diffID: Digest, codec: String) throws -> CompressedLayer? {
        try reading { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT digest, size, tar_size FROM compressed WHERE diff_id = ? AND codec = ?",
                arguments: [Data(diffID.bytes), codec]
            )
            guard let row, let digest = Digest(bytes: row["digest"] as Data) else { return nil }
            let (size, tarSize): (Int64, Int64) = (row["size"], row["tar_size"])
            guard size >= 0, tarSize >= 0 else { return nil }
            return CompressedLayer(diffID: diffID, tarSize: tarSize, digest: digest, size: size)
        }
    }

    /// Remembers what a tar became when it was compressed.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func remember(_ layer: CompressedLayer, codec: String) throws {
        try writing { database in
            try database.execute(
                sql:
                    "INSERT OR REPLACE INTO compressed (diff_id, codec, digest, size, tar_size) VALUES (?, ?, ?, ?, ?)",
                arguments: [Data(layer.diffID.bytes), codec, Data(layer.digest.bytes), layer.size, layer.tarSize]
            )
        }
    }

    /// Remembers that a registry has blobs in one of its repositories.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func rememberPlace(of blobs: [Digest], registry: String, repository: String) throws {
        try writing { database in
            let statement = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO place (digest, registry, repository, seen) VALUES (?, ?, ?, ?)"
            )
            for blob in blobs { try statement.execute(arguments: [Data(blob.bytes), registry, repository, now]) }
        }
    }

    /// Repositories of a registry that have had a blob, the one where it was seen last first.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func places(of blob: Digest, registry: String, limit: Int = 3) throws -> [String] {
        try reading { database in
            try String.fetchAll(
                database,
                sql:
                    "SELECT repository FROM place WHERE digest = ? AND registry = ? ORDER BY seen DESC, repository LIMIT ?",
                arguments: [Data(blob.bytes), registry, limit]
            )
        }
    }
}

/// A layer's tar and what it became when it was compressed.
public struct CompressedLayer: Hashable, Sendable {
    /// The digest of the tar.
    public let diffID: Digest
    /// The size of the tar in bytes.
    public let tarSize: Int64
    /// The digest of the blob.
    public let digest: Digest
    /// The size of the blob in bytes.
    public let size: Int64

    /// A layer of known digests.
    public init(diffID: Digest, tarSize: Int64, digest: Digest, size: Int64) {
        self.diffID = diffID
        self.tarSize = tarSize
        self.digest = digest
        self.size = size
    }
}
