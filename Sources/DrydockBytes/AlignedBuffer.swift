// SPDX-License-Identifier: Apache-2.0

/// A piece of memory of fixed capacity for reading, hashing and writing in large steps.
///
/// It is made once and used for many files, and starts on a page, which system calls and processors like best.
@safe
public final class AlignedBuffer: @unchecked Sendable {
    // @unchecked because: its users hand it from one task to the next, and only its present holder touches the bytes.
    private let memory: UnsafeMutableRawBufferPointer

    /// How many of the bytes are in use, from the start.
    public var count: Int {
        didSet { precondition(count >= 0 && count <= capacity, "The count exceeds the buffer's capacity") }
    }

    /// The number of bytes that it holds.
    public var capacity: Int { unsafe memory.count }

    /// The memory is not initialised.
    public init(capacity: Int) {
        unsafe memory = .allocate(byteCount: capacity, alignment: 4_096)
        count = 0
    }

    deinit { unsafe memory.deallocate() }

    /// The bytes in use.
    public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// All of the memory, for writing.
    public var storage: UnsafeMutableRawBufferPointer { unsafe memory }

    /// The memory behind the bytes in use.
    public var room: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    }
}
