// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
public import DrydockDaemon
import DrydockFiles
import DrydockOCI
public import DrydockStorage

/// Where an image goes, and in which form.
public struct Destination: Hashable, Sendable {
    /// The form of the image there.
    public let transport: ImageLocation.Transport
    /// The path of a file or directory, or `-` for standard output.
    public let path: String
    /// Another name for the image: `NAME:TAG` in a docker-archive, any name in an image layout.
    public let reference: String?
    /// The daemon that loads the image, which goes there as docker-archive.
    public private(set) var daemon: DaemonEndpoint?
    /// How the layers of an image layout are compressed.
    public var layerCompression = CompressionFormat.gzip
    /// How a docker-archive is compressed as a whole.
    public var archiveCompression = CompressionFormat.none

    /// What a location means for writing: a bare path is a layout if it is a directory or ends with a slash, else a
    /// docker-archive.
    public init(_ location: ImageLocation) {
        path = location.path
        reference = location.reference
        transport = location.transport ?? (Self.isDirectory(location.path) ? .ociLayout : .dockerArchive)
    }

    /// A daemon, and the name that the image gets there; nil for its own.
    public init(daemon: DaemonEndpoint, reference: String? = nil) {
        self.daemon = daemon
        self.reference = reference
        transport = .dockerArchive
        path = "\(daemon)"
    }

    /// Where the image goes, in words.
    public var title: String {
        if let daemon { return "the daemon at \(daemon)" }
        return isStandardOutput ? "standard output" : "\(transport.rawValue):\(path)"
    }

    /// The compression that a spec or a user asks for, applied to what this form compresses.
    ///
    /// A docker-archive is compressed as a whole, as dockerTools does it; the other forms layer by layer.
    public func compressed(_ compression: CompressionFormat) -> Destination {
        var destination = self
        // A daemon on the same machine would only have to decompress it again.
        if daemon != nil { return self }
        if transport == .dockerArchive {
            destination.archiveCompression = compression
        } else {
            destination.layerCompression = compression
        }
        return destination
    }

    /// The compression that the suffix of a docker-archive's name promises; nil if it promises none.
    public var suggestedCompression: CompressionFormat? {
        guard transport == .dockerArchive, daemon == nil else { return nil }
        if path.hasSuffix(".gz") || path.hasSuffix(".tgz") { return .gzip }
        return path.hasSuffix(".zst") ? .zstd : nil
    }

    /// Whether the image goes to standard output.
    public var isStandardOutput: Bool { path == "-" }

    /// Whether indexes can be there, with all that they list.
    public var holdsIndexes: Bool { transport != .dockerArchive }

    /// How often each layer is produced: a stream must know the digests before the first byte is written.
    public var passes: Int { path == "-" || daemon != nil || archiveCompression != .none ? 2 : 1 }

    private static func isDirectory(_ path: String) -> Bool {
        path.hasSuffix("/") || (try? FileStatus(of: path))?.kind == .directory
    }
}
