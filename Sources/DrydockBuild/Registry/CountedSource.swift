// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import Synchronization

/// A source of one blob whose bytes are counted, each once, however often they are read.
final class CountedSource: BlobSource {
    private let source: any BlobSource
    private let progress: TransferProgress
    private let furthest = Mutex<Int64>(0)

    init(source: any BlobSource, progress: TransferProgress) {
        self.source = source
        self.progress = progress
    }

    func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        var position = offset
        unsafe try await source.readBlob(blob, from: offset) { bytes in
            position += Int64(bytes.count)
            count(to: position)
            unsafe try await body(bytes)
        }
    }

    private func count(to position: Int64) {
        let new = furthest.withLock { furthest in
            defer { furthest = max(furthest, position) }
            return max(0, position - furthest)
        }
        progress.add(new)
    }
}
