// SPDX-License-Identifier: Apache-2.0

/// Takes the next bytes of a blob; they are valid until it returns.
public typealias BlobBytesHandler = (UnsafeRawBufferPointer) async throws -> Void

/// A place that blobs can be read from: a registry, the local store, an image on disk.
///
/// Sources and sinks do not know each other; whoever moves an image offers each blob of a source to a sink.
public protocol BlobSource: Sendable {
    /// Hands the bytes of a blob, from `offset` to its end, to `body`: in order, each once, one call after the other.
    ///
    /// The bytes are not verified: a part of a blob cannot be. Who puts a blob together compares size and digest before
    /// the blob gets its name. A source that can tell that its bytes are wrong throws.
    ///
    /// - Parameters:
    ///   - blob: The blob; its digest and size are known.
    ///   - offset: How many bytes are left out at the start; at most the blob's size.
    ///   - body: Called with at least one byte; what it throws ends the reading and is passed on.
    /// - Throws: If the blob is not there or cannot be read; `CancellationError`.
    func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws
}

/// A place that blobs can be put into.
public protocol BlobSink: Sendable {
    /// Whether the blob is there; whole, as far as that can be known without reading it.
    ///
    /// - Throws: If the place cannot be asked.
    func hasBlob(_ blob: Descriptor) async throws -> Bool

    /// Puts a blob there unless it is there already.
    ///
    /// Under its digest the blob is whole and verified, or absent: also when this throws, when the process is killed, and
    /// when several processes put the same blob. May read the source more than once and from any offset.
    ///
    /// - Throws: What the source throws; if the bytes have another size or digest; `CancellationError`.
    func putBlob(_ blob: Descriptor, from source: any BlobSource) async throws
}
