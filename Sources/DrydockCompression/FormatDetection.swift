// SPDX-License-Identifier: Apache-2.0

extension CompressionFormat {
    /// How many bytes ``detect(_:)`` looks at.
    public static var detectionLength: Int { 6 }

    /// The format of a stream that begins with these bytes; ``none`` if they are no known compression.
    ///
    /// - Parameter firstBytes: The first ``detectionLength`` bytes of a stream, or all of a shorter one.
    /// - Returns: The format to read the stream with.
    /// - Throws: ``DecompressionFailure`` that names the format if it is one of those that are recognised but not read:
    ///   lz4, lzip.
    public static func detect(_ firstBytes: [UInt8]) throws(DecompressionFailure) -> CompressionFormat {
        if firstBytes.starts(with: GzipDecoder.magic) { return .gzip }
        if ZstdDecoder.isFrameStart(firstBytes) { return .zstd }
        if firstBytes.starts(with: XZDecoder.magic) { return .xz }
        if BZip2Decoder.isStreamStart(firstBytes) { return .bzip2 }
        for (magic, name) in unreadable where firstBytes.starts(with: magic) {
            throw DecompressionFailure(.unsupportedFormat(name), format: .none, inputOffset: 0)
        }
        return .none
    }

    /// The first bytes of formats that are recognised only to say which one it is.
    private static let unreadable: [(magic: [UInt8], name: String)] = [
        ([0x04, 0x22, 0x4D, 0x18], "lz4"),
        (Array("LZIP".utf8), "lzip"),
    ]
}
