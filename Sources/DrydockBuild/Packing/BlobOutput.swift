// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Writes a blob into a file from an offset on, and has the disk begin with it at once: a file is synced before it gets
/// its name, and then there is little left to wait for.
struct BlobOutput {
    private let output: OutputDescriptor
    private var offset: Int64

    init(_ output: OutputDescriptor, at offset: Int64 = 0) {
        self.output = output
        self.offset = offset
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe output.write(bytes, at: offset)
        output.startWriteback(at: offset, count: Int64(bytes.count))
        offset += Int64(bytes.count)
    }
}
