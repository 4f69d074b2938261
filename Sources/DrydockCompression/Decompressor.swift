// SPDX-License-Identifier: Apache-2.0

/// Reads a compressed stream from its first to its last byte, in constant memory.
///
/// - gzip: any number of members; zero bytes may follow the last one, as media with blocks add them.
/// - zstd: any number of frames, skippable ones among them.
/// - xz and bzip2: any number of streams; zero bytes may follow the last one.
/// - none: the bytes as they are, up to the limit.
///
/// What is read is checked as far as the format allows (CRC-32, CRC-64, SHA-256, XXH64), member by member: bytes are handed out before
/// the checksum behind them is seen, so they are to be trusted only when ``read(into:)`` has returned 0. The end of a
/// stream is not marked in any format: one that is cut between two members cannot be told from a whole one.
///
/// Memory is a buffer of 256 KiB and the library's tables: 3 MiB for gzip, 4 MiB for bzip2, the window for
/// zstd and xz (``DecompressionLimits/maximumWindowLog``). An instance serves one task at a time.
///
///     let decompressor = try Decompressor(.gzip) { buffer in unsafe try file.read(into: buffer) }
///     while case let count = unsafe try decompressor.read(into: buffer), count > 0 { … }
public final class Decompressor {
    /// Puts the next compressed bytes at the start of a buffer and returns their number; 0 is the end of the stream.
    public typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    /// What the stream is read as.
    public let format: CompressionFormat

    /// The number of bytes handed out so far.
    public private(set) var outputCount: Int64 = 0

    /// The number of compressed bytes used so far; those of the whole stream when ``read(into:)`` has returned 0.
    public var inputCount: Int64 { input.offset }

    private enum State {
        case betweenFrames
        case inFrame
        case ended
    }

    private let limits: DecompressionLimits
    private let input: InputWindow
    private let decoder: (any StreamDecoder)?
    private var state = State.betweenFrames
    private var failure: DecompressionFailure?

    /// Reads a stream whose format is known.
    ///
    /// - Parameters:
    ///   - format: What the stream is read as.
    ///   - limits: When to refuse it.
    ///   - source: Where the compressed bytes come from; called by ``read(into:)`` only.
    /// - Throws: ``DecompressionFailure`` if there is no memory for the library's tables.
    public convenience init(
        _ format: CompressionFormat,
        limits: DecompressionLimits = DecompressionLimits(),
        source: @escaping Source
    ) throws(DecompressionFailure) {
        try self.init(format, limits, unsafe InputWindow(source))
    }

    /// Reads a stream whose format shows in its first bytes; anything unknown is read as it is.
    ///
    /// - Parameters:
    ///   - limits: When to refuse it.
    ///   - source: Where the bytes come from; called here, too.
    /// - Throws: What `source` throws; ``DecompressionFailure`` if the stream has a format that is not supported or there
    ///   is no memory.
    public convenience init(
        detecting limits: DecompressionLimits = DecompressionLimits(),
        source: @escaping Source
    ) throws {
        let input = unsafe InputWindow(source)
        let format = try CompressionFormat.detect(input.peek(CompressionFormat.detectionLength))
        try self.init(format, limits, input)
    }

    private init(
        _ format: CompressionFormat,
        _ limits: DecompressionLimits,
        _ input: InputWindow
    ) throws(DecompressionFailure) {
        self.format = format
        self.limits = limits
        self.input = input
        do throws(DecodingStop) {
            decoder =
                switch format {
                case .none: nil
                case .gzip: try GzipDecoder()
                case .xz: try XZDecoder(maximumWindowLog: limits.maximumWindowLog)
                case .bzip2: try BZip2Decoder()
                case .zstd: try ZstdDecoder(maximumWindowLog: limits.maximumWindowLog)
                }
        } catch {
            throw DecompressionFailure(error.reason, format: format, inputOffset: 0)
        }
    }

    /// Puts the next bytes of the content at the start of a buffer.
    ///
    /// - Parameter buffer: Room for at least one byte.
    /// - Returns: How many bytes were put there, not always as many as there is room for; 0 at the end of the stream,
    ///   when everything was read and checked.
    /// - Throws: ``DecompressionFailure``, which every later call throws again; what the source throws.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        precondition(buffer.count > 0, "There is no room to read into")
        if let failure { throw failure }
        do {
            return unsafe try readNext(into: buffer)
        } catch let stop as DecodingStop {
            input.use(stop.consumed)
            let failure = DecompressionFailure(stop.reason, format: format, inputOffset: input.offset)
            self.failure = failure
            throw failure
        }
    }

    private func readNext(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let decoder else { return unsafe try copy(into: buffer) }
        while true {
            if state == .betweenFrames { state = try startFrame(decoder) ? .inFrame : .ended }
            if state == .ended { return 0 }
            let count = unsafe try decode(decoder, into: buffer)
            if count > 0 { return count }
        }
    }

    private func decode(_ decoder: any StreamDecoder, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        // At the end of the input the decoder may still hold output; only if it gives nothing more is the stream cut.
        _ = try input.provide(decoder.wantedInput)
        let hasInput = unsafe !input.bytes.isEmpty
        let step = unsafe try decoder.decode(input.bytes, into: roomWithinLimit(buffer))
        guard step.frameEnded || step.consumed + step.produced > 0 else {
            throw DecodingStop(hasInput ? .corrupt("no progress") : .truncated)
        }
        input.use(step.consumed)
        if step.frameEnded { state = .betweenFrames }
        try count(step.produced)
        return step.produced
    }

    /// Looks at what follows a frame, or stands at the beginning of the stream.
    ///
    /// - Returns: Whether it is a frame; else the stream is at its end.
    private func startFrame(_ decoder: any StreamDecoder) throws -> Bool {
        let bytes = try input.peek(type(of: decoder).magicLength)
        guard !bytes.isEmpty else {
            guard input.offset > 0 else { throw DecodingStop(.truncated) }
            return false
        }
        switch decoder.start(with: bytes) {
        case .frame: return true
        case .padding where input.offset > 0:
            try skipPadding()
            return false
        case .padding, .other: throw DecodingStop(input.offset > 0 ? .trailingBytes : .wrongMagic)
        }
    }

    private func skipPadding() throws {
        while try input.provide(1) {
            let zeros = unsafe input.bytes.prefix { $0 == 0 }.count
            input.use(zeros)
            guard unsafe input.bytes.isEmpty else { throw DecodingStop(.trailingBytes) }
        }
    }

    private func copy(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard try input.provide(1) else { return 0 }
        let copied = unsafe min(input.bytes.count, roomWithinLimit(buffer).count)
        unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: input.bytes[..<copied]))
        input.use(copied)
        try count(copied)
        return copied
    }

    /// The part of a buffer that may be filled: one byte more than the limit leaves, which shows that it is exceeded.
    private func roomWithinLimit(_ buffer: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        let left = max(limits.maximumOutput - outputCount, 0)
        guard left < buffer.count else { return unsafe buffer }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<(Int(left) + 1)])
    }

    private func count(_ produced: Int) throws(DecodingStop) {
        outputCount += Int64(produced)
        guard outputCount <= limits.maximumOutput else {
            throw DecodingStop(.outputTooLarge(limit: limits.maximumOutput))
        }
        guard decoder != nil, outputCount > limits.ratioAllowance else { return }
        // Divided, since a product may be too large for the type.
        guard outputCount / max(input.offset, 1) < limits.maximumRatio else {
            throw DecodingStop(.ratioTooLarge(limit: limits.maximumRatio))
        }
    }
}

/// Because its tables are changed by every call, an instance must not be used by two tasks at once.
@available(*, unavailable)
extension Decompressor: Sendable {}
