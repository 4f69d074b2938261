// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests

/// What a binary cache says of a store object: what is registered of it, and where its NAR is.
///
/// [Nix manual, Serving a Nix store](https://nix.dev/manual/nix/2.28/package-management/binary-cache-substituter).
public struct NarInfo: Hashable, Sendable {
    /// What is registered of the store object; its NAR hash is never nil.
    public var object: StoreObject
    /// Where its NAR is, relative to the cache.
    public var url: String
    /// How the file there is compressed: `xz`, `zstd`, `none` and the like.
    public var compression: String
    /// The SHA-256 of the file there.
    public var fileHash: Digest?
    /// The size of the file there in bytes.
    public var fileSize: Int64?

    /// What a cache says when it does not name the compression.
    public static let defaultCompression = "bzip2"

    /// What a binary cache says of a store object.
    public init(
        object: StoreObject,
        url: String,
        compression: String,
        fileHash: Digest? = nil,
        fileSize: Int64? = nil
    ) {
        self.object = object
        self.url = url
        self.compression = compression
        self.fileHash = fileHash
        self.fileSize = fileSize
    }
}

extension NarInfo: CustomStringConvertible {
    /// The lines of a narinfo file, in the order in which Nix writes them.
    public var description: String {
        var lines = ["StorePath: \(object.path)", "URL: \(url)", "Compression: \(compression)"]
        if let fileHash { lines.append("FileHash: \(fileHash.nix32Form)") }
        if let fileSize { lines.append("FileSize: \(fileSize)") }
        if let narHash = object.narHash { lines.append("NarHash: \(narHash.nix32Form)") }
        lines.append("NarSize: \(object.narSize)")
        lines.append("References: \(object.references.map(\.baseName).joined(separator: " "))")
        if let deriver = object.deriver {
            lines.append("Deriver: \(deriver.split(separator: "/").last.map(String.init) ?? deriver)")
        }
        lines += object.signatures.map { "Sig: \($0)" }
        if let contentAddress = object.contentAddress { lines.append("CA: \(contentAddress)") }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension StoreObject {
    /// The text that a signature of the store object signs; nil without a NAR hash.
    ///
    /// [Nix manual, Signing](https://nix.dev/manual/nix/2.28/store/store-object).
    public var fingerprint: String? {
        guard let narHash else { return nil }
        let paths = references.sorted().map(\.description).joined(separator: ",")
        return "1;\(path);\(narHash.nix32Form);\(narSize);\(paths)"
    }
}
