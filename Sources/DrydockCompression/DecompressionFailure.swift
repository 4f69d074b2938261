// SPDX-License-Identifier: Apache-2.0

/// Why a compressed stream could not be read, and where.
public struct DecompressionFailure: Error, Hashable, Sendable {
    /// What is wrong with the stream.
    public enum Reason: Hashable, Sendable {
        /// The stream does not begin as its format does.
        case wrongMagic

        /// The stream ends within a member or frame.
        case truncated

        /// The compressed data is impossible; the library's words.
        case corrupt(String)

        /// The data was read, but is not what was compressed.
        case checksumMismatch

        /// Something else follows the compressed data.
        case trailingBytes

        /// The stream holds more than ``DecompressionLimits/maximumOutput`` bytes.
        case outputTooLarge(limit: Int64)

        /// The stream expands more than ``DecompressionLimits/maximumRatio`` times.
        case ratioTooLarge(limit: Int64)

        /// The stream needs a larger window than ``DecompressionLimits/maximumWindowLog`` allows.
        case windowTooLarge(limitLog: Int)

        /// The stream was compressed with a dictionary, which is not part of it.
        case dictionaryNeeded

        /// The stream has a format that is recognised but not read.
        case unsupportedFormat(String)

        /// There is no memory for the library's tables.
        case outOfMemory
    }

    /// What is wrong with the stream.
    public let reason: Reason

    /// What the stream was read as.
    public let format: CompressionFormat

    /// The number of compressed bytes that were used before the failure.
    ///
    /// Exact for bytes that are missing or too many and for gzip; for damage in zstd data, which is decoded in pieces,
    /// up to 256 KiB before it.
    public let inputOffset: Int64

    package init(_ reason: Reason, format: CompressionFormat, inputOffset: Int64) {
        self.reason = reason
        self.format = format
        self.inputOffset = inputOffset
    }
}

extension DecompressionFailure: CustomStringConvertible {
    /// The sentence for the person.
    public var description: String {
        let data = "\(format.rawValue) data"
        switch reason {
        case .wrongMagic:
            return "Expected \(data), found something else; check the file's format"
        case .truncated:
            return "The \(data) ends too early, after byte \(inputOffset); get or write the file again"
        case .corrupt(let detail):
            return "The \(data) is damaged near byte \(inputOffset) (\(detail)); get or write the file again"
        case .checksumMismatch:
            return "The \(data) fails its checksum near byte \(inputOffset); get or write the file again"
        case .trailingBytes:
            return "Other bytes follow the end of the \(data) at byte \(inputOffset); get or write the file again"
        case .outputTooLarge(let limit):
            return "The \(data) expands to more than \(limit) bytes; raise the limit if you trust its origin"
        case .ratioTooLarge(let limit):
            return "The \(data) expands to more than \(limit) times its size; raise the limit if you trust its origin"
        case .windowTooLarge(let limitLog):
            let advice = format == .xz ? "at a lower level" : "without '--long'"
            return "The \(data) needs a window of more than \(1 << limitLog) bytes; compress it again \(advice)"
        case .dictionaryNeeded:
            return "The \(data) needs a dictionary that is not part of it; compress it again without one"
        case .unsupportedFormat(let name):
            return "Data compressed with \(name) is not supported; compress it again with gzip or zstd"
        case .outOfMemory:
            return "Not enough memory to decompress \(data); free some memory"
        }
    }
}
