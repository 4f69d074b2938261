// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Writes a blob into a file from an offset on.
///
/// Where the file is synchronised before it gets its name, the disk begins with each piece at once, so that there is
/// little left to wait for in the end.
struct BlobOutput {
    private let output: OutputDescriptor
    private let isDurable: Bool
    private var offset: Int64

    init(_ output: OutputDescriptor, at offset: Int64 = 0, isDurable: Bool) {
        self.output = output
        self.offset = offset
        self.isDurable = isDurable
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe output.write(bytes, at: offset)
        if isDurable { output.startWriteback(at: offset, count: Int64(bytes.count)) }
        offset += Int64(bytes.count)
    }
}
