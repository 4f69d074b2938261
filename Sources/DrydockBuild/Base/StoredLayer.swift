// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockOCI
import DrydockPackages
public import DrydockStorage
import Synchronization

/// A layer of a stored image: its blob as it is, and its tar once that was passed through.
public final class StoredLayer: Sendable {
    /// The blob.
    public let blob: StoredBlob
    /// What it is called in messages.
    let name: String
    private let temporaryDirectory: String
    private let passed = Mutex<LayerArchive?>(nil)

    /// A layer that nobody has looked into.
    ///
    /// - Parameters:
    ///   - blob: Its bytes.
    ///   - name: What it is called in messages.
    ///   - temporaryDirectory: Where the tar of a compressed layer is kept while it is needed.
    public init(_ blob: StoredBlob, named name: String, temporaryDirectory: String) {
        self.blob = blob
        self.name = name
        self.temporaryDirectory = temporaryDirectory
    }

    /// The size of the tar in bytes; nil for a compressed layer that nobody has looked into.
    var tarSize: Int64? {
        blob.compression == .none ? blob.descriptor.size : passed.withLock { $0?.size }
    }

    /// The tar, which is read and verified the first time; blocks, also for those who ask meanwhile.
    ///
    /// - Throws: ``ImageStorageFailure`` if it is damaged; ``TreeError`` if it is no tar; `SystemError`.
    func archive() throws -> LayerArchive {
        try passed.withLock { passed in
            if let passed { return passed }
            let reader = try blob.openTar()
            let archive = try unsafe LayerArchive(named: name, in: place) { try unsafe reader.read(into: $0) }
            passed = archive
            return archive
        }
    }

    private var place: LayerArchive.Place {
        if blob.compression == .none, let extent = blob.extent {
            return .file(path: extent.path, offset: extent.offset)
        }
        return .temporary(directory: temporaryDirectory)
    }
}
