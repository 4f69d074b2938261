// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// libdeflate's tables for one level, or for the two between which the content of each block chooses.
///
/// Level 0 of gzip means: level 4 for text, level 1 for everything else. From 1 to 4 libdeflate takes 1.6 times as long. On the
/// files of a Debian system text becomes 8 to 11 % smaller by that, programs 3 to 6 %, and what is compressed already nothing.
/// Spent where it pays, the time of level 4 buys what level 2 gives for twice the additional time.
@safe final class DeflateLevels {
    private static let levelOfText: Int32 = 4
    private static let levelOfOthers: Int32 = 1

    private let others: OpaquePointer
    private let text: OpaquePointer?

    /// Allocates the tables; nil if there is no memory.
    init?(level: Int) {
        guard let tables = unsafe libdeflate_alloc_compressor(level == 0 ? Self.levelOfOthers : Int32(level)) else {
            return nil
        }
        unsafe others = tables
        unsafe text = level == 0 ? libdeflate_alloc_compressor(Self.levelOfText) : nil
        if level == 0, unsafe text == nil { return nil }
    }

    deinit {
        unsafe libdeflate_free_compressor(others)
        if let text = unsafe text { unsafe libdeflate_free_compressor(text) }
    }

    /// The number of bytes that a member may need, whatever is in the block.
    func bound(for byteCount: Int) -> Int {
        let bound = unsafe libdeflate_gzip_compress_bound(others, byteCount)
        guard let text = unsafe text else { return bound }
        return unsafe max(bound, libdeflate_gzip_compress_bound(text, byteCount))
    }

    /// Writes a block as one gzip member; gives the number of bytes, or 0 if they do not fit.
    func compress(_ block: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        let isText = unsafe text != nil && TextSample.isText(block)
        return unsafe libdeflate_gzip_compress(
            isText ? text : others,
            block.baseAddress,
            block.count,
            output.baseAddress,
            output.count
        )
    }
}

/// Tells from samples whether bytes are mostly text.
///
/// Part of what a stream's bytes follow from: whatever changes here changes digests of compressed layers.
enum TextSample {
    /// The bytes of one sample.
    private static let length = 32
    /// The distance of samples in a large block; smaller blocks have at least 64, as far as there is room for them.
    private static let distance = 4096

    /// Whether four fifths of the sampled bytes are printable ASCII characters, tabulators or line breaks.
    static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let step = min(distance, max(length, bytes.count / 64))
        var (printable, seen) = (0, 0)
        for start in stride(from: 0, to: bytes.count, by: step) {
            let end = min(start + length, bytes.count)
            seen += end - start
            for position in start..<end where unsafe isPrintable(bytes[position]) { printable += 1 }
        }
        return seen > 0 && printable * 5 >= seen * 4
    }

    private static func isPrintable(_ byte: UInt8) -> Bool {
        0x20...0x7E ~= byte || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}

/// Because its tables are changed by every call, an instance must not be used by two tasks at once.
@available(*, unavailable)
extension DeflateLevels: Sendable {}
