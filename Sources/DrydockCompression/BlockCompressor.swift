// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Compresses blocks of bytes, each on its own.
///
/// A compressed stream is the concatenation of its blocks, cut at every ``blockSize(of:)`` bytes of the input: one gzip
/// member or one zstd frame for each. Since no block knows another, they can be compressed in any order by any number
/// of workers, and the stream is always the same. An empty stream is one block of no bytes.
///
/// The output depends on the format, the level and the version of the library (``CompressionLibraries``), and on
/// nothing else: a gzip member carries no time, no name and "unknown" as its system; a zstd frame carries the size of
/// its content and a checksum.
///
/// An instance keeps the tables of its library, about a megabyte, from block to block. It serves one task at a time.
@safe public final class BlockCompressor {
    @unsafe private enum Engine {
        case none
        case deflate(DeflateLevels)
        case zstd(OpaquePointer)
    }

    /// What the blocks become.
    public let format: CompressionFormat

    private let engine: Engine

    /// Prepares the tables for a format.
    ///
    /// - Parameters:
    ///   - format: What the blocks become.
    ///   - level: One of the format's ``CompressionFormat/levels``; nil stands for the default.
    /// - Throws: ``CompressionFailure`` if there is no memory for the tables.
    public init(_ format: CompressionFormat, level: Int? = nil) throws(CompressionFailure) {
        let level = level ?? format.defaultLevel
        precondition(format.levels.contains(level), "The level \(level) is not one of \(format.levels) of \(format)")
        self.format = format
        switch format {
        case .xz, .bzip2: preconditionFailure("\(format) is read only")
        case .none: unsafe engine = .none
        case .gzip:
            guard let levels = DeflateLevels(level: level) else { throw CompressionFailure(format) }
            unsafe engine = .deflate(levels)
        case .zstd:
            guard let context = unsafe Self.zstdContext(level: level) else { throw CompressionFailure(format) }
            unsafe engine = .zstd(context)
        }
    }

    deinit {
        switch unsafe engine {
        case .none, .deflate: break
        case .zstd(let context): _ = unsafe ZSTD_freeCCtx(context)
        }
    }

    /// The number of input bytes in every block but the last.
    ///
    /// It is fixed for each format, because the cuts show in the output. Measured on the libraries of a Debian system:
    /// gzip gains 0.1 % from 1 to 4 MiB; zstd gains 1.6 % from 1 to 4 MiB and 0.3 % from 4 to 8.
    public static func blockSize(of format: CompressionFormat) -> Int {
        switch format {
        case .none, .gzip, .xz, .bzip2: 1 << 20
        case .zstd: 4 << 20
        }
    }

    /// The number of bytes that the output of a block of `byteCount` bytes may need, whatever is in the block.
    public func outputBound(for byteCount: Int) -> Int {
        switch unsafe engine {
        case .none: byteCount
        case .deflate(let levels): levels.bound(for: byteCount)
        case .zstd: ZSTD_compressBound(byteCount)
        }
    }

    /// Writes one block in compressed form.
    ///
    /// - Parameters:
    ///   - block: The bytes; any number of them, none included.
    ///   - output: At least ``outputBound(for:)`` bytes, apart from `block`.
    /// - Returns: The number of bytes written at the start of `output`.
    /// - Throws: ``CompressionFailure`` if the library gets no memory.
    public func compress(
        _ block: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionFailure) -> Int {
        precondition(output.count >= outputBound(for: block.count), "The output is smaller than its bound")
        switch unsafe engine {
        case .none:
            unsafe output.copyMemory(from: block)
            return block.count
        case .deflate(let levels):
            let count = unsafe levels.compress(block, into: output)
            guard count > 0 else { throw CompressionFailure(format) }
            return count
        case .zstd(let context):
            let count = unsafe ZSTD_compress2(context, output.baseAddress, output.count, block.baseAddress, block.count)
            guard ZSTD_isError(count) == 0 else { throw CompressionFailure(format) }
            return count
        }
    }

    /// One block in compressed form, for small blocks.
    ///
    /// - Throws: ``CompressionFailure`` if the library gets no memory.
    public func compress(_ block: [UInt8]) throws(CompressionFailure) -> [UInt8] {
        let bound = outputBound(for: block.count)
        var failure: CompressionFailure?
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            let room = unsafe UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: bound)
            unsafe block.withUnsafeBytes { bytes in
                do throws(CompressionFailure) { count = unsafe try compress(bytes, into: room) } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return output
    }

    /// The window of level 3.
    private static let fastWindowLog: Int32 = 21

    private static func zstdContext(level: Int) -> OpaquePointer? {
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        let set = unsafe [
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level)),
            // Fast levels look back less by themselves; this costs no time. 0 leaves it to the level.
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, level < 3 ? fastWindowLog : 0),
            ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1),
            // Four bytes for each block, so that a reader without digests finds damage, too.
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1),
        ]
        guard set.allSatisfy({ ZSTD_isError($0) == 0 }) else {
            _ = unsafe ZSTD_freeCCtx(context)
            return nil
        }
        return unsafe context
    }
}

/// Because its tables are changed by every call, an instance must not be used by two tasks at once.
@available(*, unavailable)
extension BlockCompressor: Sendable {}
