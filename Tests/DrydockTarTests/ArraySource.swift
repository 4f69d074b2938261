// SPDX-License-Identifier: Apache-2.0

import DrydockTar

/// An archive in memory, followed by zeros that are in no memory.
struct ArraySource: TarSource {
    private let bytes: [UInt8]
    private let end: Int64
    /// The most bytes that one read returns.
    private let chunk: Int
    private var position: Int64 = 0

    init(_ bytes: [UInt8], zeros: Int64 = 0, chunk: Int = .max) {
        self.bytes = bytes
        end = Int64(bytes.count) + zeros
        self.chunk = chunk
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = Int(max(0, min(Int64(min(buffer.count, chunk)), end - position)))
        for index in 0..<count {
            let place = Int(position) + index
            unsafe buffer[index] = place < bytes.count ? bytes[place] : 0
        }
        position += Int64(count)
        return count
    }

    /// Goes over the end like `lseek`.
    mutating func skip(_ count: Int64) { position += count }
}

extension TarReader where Source == ArraySource {
    init(_ bytes: [UInt8], limits: TarLimits = .standard) { self.init(ArraySource(bytes), limits: limits) }

    /// All members to the end.
    mutating func members() throws -> [TarMember] {
        var members: [TarMember] = []
        while let member = try next() { members.append(member) }
        return members
    }

    /// What is left of the current member's stored bytes, read in pieces.
    mutating func content(piece: Int = 300) throws -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe read(into: $0) }
            guard count > 0 else { return content }
            content += buffer[..<count]
        }
    }
}
