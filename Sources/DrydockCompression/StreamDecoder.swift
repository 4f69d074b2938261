// SPDX-License-Identifier: Apache-2.0

/// Decodes the members or frames of one format; ``Decompressor`` feeds it.
protocol StreamDecoder: AnyObject {
    /// How many bytes ``start(with:)`` needs to see.
    static var magicLength: Int { get }

    /// Says what begins with these bytes, between two frames, and prepares for it.
    ///
    /// `bytes` are ``magicLength`` bytes; fewer at the end of the stream, but at least one.
    func start(with bytes: [UInt8]) -> FrameStart

    /// How many bytes the next call of ``decode(_:into:)`` should see, if the stream has so many; at least one.
    var wantedInput: Int { get }

    /// Decodes as much as there is input and room for.
    ///
    /// With neither input nor room it makes no progress, which is not an error.
    func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep
}

extension StreamDecoder {
    var wantedInput: Int { 1 }
}

/// What stands at a place where a frame may start.
enum FrameStart {
    /// A member or frame, or the beginning of one.
    case frame

    /// A zero byte, with which some writers fill the last block of a medium.
    case padding

    /// Nothing that belongs to the format.
    case other
}

/// What one call of a decoder did.
struct DecodingStep {
    var consumed: Int
    var produced: Int

    /// Whether the member or frame is complete, its checksum checked and all of its output handed out.
    var frameEnded: Bool
}

/// Why a decoder cannot go on.
struct DecodingStop: Error {
    let reason: DecompressionFailure.Reason

    /// The bytes of the last input that were used before, as far as the library says so.
    let consumed: Int

    init(_ reason: DecompressionFailure.Reason, consumed: Int = 0) {
        self.reason = reason
        self.consumed = consumed
    }
}
