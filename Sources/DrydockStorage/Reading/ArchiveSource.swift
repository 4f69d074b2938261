// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import DrydockTar
import Glibc

/// The bytes of a file in order.
final class FileBytes {
    private let descriptor: OwnedDescriptor
    private let path: String
    private var offset: Int64 = 0

    init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let count = try unsafe descriptor.read(into: buffer, at: offset, path: path)
        offset += Int64(count)
        return count
    }

    func skip(_ count: Int64) { offset += count }
}

/// A tar, compressed or not, as the tar reader wants it.
struct ArchiveSource: TarSource {
    private static let bufferSize = 256 << 10

    private let file: FileBytes
    /// Nil for a tar that is not compressed, where passing over bytes costs nothing.
    private let decompressor: Decompressor?
    /// What was read in advance.
    private var buffer = [UInt8](repeating: 0, count: bufferSize)
    private var unread = 0..<0

    /// Whether the bytes come out of a decompressor.
    var isCompressed: Bool { decompressor != nil }

    init(_ path: String) throws {
        let probe = try FileBytes(path)
        let detecting = try unsafe Decompressor { unsafe try probe.read(into: $0) }
        let file = try FileBytes(path)
        self.file = file
        decompressor =
            detecting.format == .none
            ? nil : try unsafe Decompressor(detecting.format) { unsafe try file.read(into: $0) }
    }

    /// Reads what follows the archive in a compressed stream, which ends with its checksum.
    ///
    /// - Throws: `DecompressionFailure` if the stream does not end well or something follows it.
    func finish() throws {
        guard let decompressor else { return }
        var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
        while try unsafe buffer.withUnsafeMutableBytes({ try unsafe decompressor.read(into: $0) }) > 0 {}
    }

    mutating func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard unsafe !target.isEmpty else { return 0 }
        if unread.isEmpty {
            // Large pieces go where they are wanted without a copy.
            if target.count >= Self.bufferSize { return try unsafe readThrough(into: target) }
            try fill()
        }
        let count = min(target.count, unread.count)
        unsafe buffer.withUnsafeBytes { bytes in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[unread.prefix(count)]))
        }
        unread.removeFirst(count)
        return count
    }

    mutating func skip(_ count: Int64) throws {
        let buffered = Int(min(count, Int64(unread.count)))
        unread.removeFirst(buffered)
        var left = count - Int64(buffered)
        guard decompressor != nil else { return file.skip(left) }
        while left > 0 {
            try fill()
            guard !unread.isEmpty else { return }
            let step = Int(min(left, Int64(unread.count)))
            unread.removeFirst(step)
            left -= Int64(step)
        }
    }

    private mutating func fill() throws {
        var buffer = self.buffer
        self.buffer = []
        defer { self.buffer = buffer }
        unread = 0..<(try unsafe buffer.withUnsafeMutableBytes { try unsafe readThrough(into: $0) })
    }

    private func readThrough(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let decompressor else { return try unsafe file.read(into: target) }
        return try unsafe decompressor.read(into: target)
    }
}
