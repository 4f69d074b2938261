// SPDX-License-Identifier: Apache-2.0

import CDrydockHost

/// How this process takes memory from the system.
public enum ProcessMemory: Sendable {
    /// Large enough that asking the system costs nothing beside what is done with the block.
    private static let blockSize: Int32 = 1 << 20

    /// From now on blocks of a megabyte and more go back to the system when they are freed; for the start of a program.
    ///
    /// Measured on a push of a closure of 1.9 GB with zstd: the peak falls from 198 to 120 MB.
    public static func returnsLargeBlocks() { drydock_return_blocks(blockSize) }
}
