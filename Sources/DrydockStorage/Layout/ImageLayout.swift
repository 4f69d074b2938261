// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
import DrydockFiles
import DrydockJSON
public import DrydockOCI
import Glibc

/// An OCI image layout: a directory with blobs by digest and an index of the images that they make up.
///
/// Any number of threads and processes may write to one layout at the same time: blobs get their name when they are
/// whole, and the index is changed under a lock. All functions block.
/// [Image specification, Image Layout](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
///
/// ## Topics
/// ### Opening
/// - ``init(creating:)``
/// - ``init(opening:)``
/// ### Blobs
/// - ``blobPath(_:)``
/// - ``hasBlob(_:)``
/// - ``addBlob(_:)``
/// - ``beginBlob()``
/// ### Images
/// - ``index()``
/// - ``addImage(_:referenceName:)``
public struct ImageLayout: Sendable {
    /// The annotation of a descriptor in `index.json` that holds the image's name.
    ///
    /// [Image specification, Annotations](https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys).
    public static let referenceNameAnnotation = "org.opencontainers.image.ref.name"

    /// The name of the file that makes a directory a layout.
    public static let markerName = "oci-layout"

    /// The content of that file.
    ///
    /// [Image specification, `oci-layout` file](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file).
    public static let marker = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)

    /// The directory as the user wrote it.
    public let path: String

    /// Set for a layout that is written to.
    private let use: LayoutUse?

    var blobFolder: String { path + "/blobs/sha256" }
    var indexPath: String { path + "/index.json" }

    /// Opens a layout, or makes one of a directory that is empty or does not exist.
    ///
    /// What a killed process has left of a blob is removed.
    ///
    /// - Throws: `SystemError`, for example if the parent directory is missing; ``ImageStorageFailure`` if the
    ///   directory holds something else.
    public init(creating path: String) throws {
        self.path = path
        let directory = try Self.lockedDirectory(path)
        if try !Self.hasMarker(path) {
            guard try HostDirectory(path).names().allSatisfy(Self.isTemporary) else {
                throw ImageStorageFailure(.directoryNotEmpty, path: path)
            }
            // The marker comes first: a process that is killed after it has left a layout that the next one completes.
            try directory.replace(Self.markerName, with: Self.marker, waitsForName: false)
        }
        try Self.makeDirectory(path + "/blobs")
        try Self.makeDirectory(path + "/blobs/sha256")
        let index = path + "/index.json"
        if !Self.exists(index) {
            let empty = CanonicalJSON.encode(ImageIndex())
            // Names reach the disk with that of the index that lists the first image.
            try directory.replace("index.json", with: empty, waitsForName: false)
        }
        // A broken index is found out now, and not when all the work is done.
        use = try LayoutUse(of: "\(path)/\(Self.markerName)", manifests: ImageLayout(reading: path).index().manifests)
        try PendingBlob.removeAbandoned(in: blobFolder)
    }

    private init(reading path: String) {
        self.path = path
        use = nil
    }

    /// Makes the directory if it is missing, and locks it.
    private static func lockedDirectory(_ path: String) throws -> LockedDirectory {
        while true {
            try makeDirectory(path, hintingParent: true)
            let directory = try LockedDirectory(path)
            // A writer that failed may have removed it meanwhile.
            if try directory.isStillThere() { return directory }
        }
    }

    /// Opens a layout that exists.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the directory is not a layout.
    public init(opening path: String) throws {
        self.init(reading: path)
        guard try Self.hasMarker(path) else { throw ImageStorageFailure(.notOfKind("an OCI image layout"), path: path) }
    }

    /// Where the blob with that digest is, or would be.
    public func blobPath(_ digest: Digest) -> String { "\(path)/blobs/\(digest.algorithm)/\(digest.encoded)" }

    /// Whether the layout has a file of the blob's size under its name; the content is not read.
    ///
    /// - Throws: `SystemError` if that cannot be found out.
    public func hasBlob(_ descriptor: Descriptor) throws -> Bool {
        try PendingBlob.size(of: blobPath(descriptor.digest)) == descriptor.size
    }

    /// Adds bytes in memory, unless they are there.
    ///
    /// - Throws: `SystemError`.
    /// - Returns: The digest of the bytes.
    @discardableResult
    public func addBlob(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(of: bytes)
        if try PendingBlob.size(of: blobPath(digest)) == Int64(bytes.count) { return digest }
        let blob = try beginBlob()
        try blob.output.append(bytes)
        try blob.commit(digest: digest, size: Int64(bytes.count))
        return digest
    }

    /// Begins a blob whose digest is not known yet.
    ///
    /// - Throws: `SystemError`.
    public func beginBlob() throws -> PendingBlob { try PendingBlob(in: blobFolder, use: use) }

    /// Takes back what a build that has failed added, and removes a layout that is empty then.
    ///
    /// Nothing happens while others write to the layout, which may use the same blobs.
    ///
    /// - Throws: `SystemError` if it cannot be locked or read.
    public func discardAdditions() throws {
        let directory = try LockedDirectory(path)
        guard let use, use.endsAlone() else { return }
        let manifests = try index().manifests
        use.takeBack(now: manifests)
        guard try manifests.isEmpty && HostDirectory(blobFolder).names().isEmpty else { return }
        // `rmdir` fails if another program has added something since.
        guard unsafe rmdir(blobFolder) == 0, unsafe rmdir(path + "/blobs") == 0 else { return }
        directory.remove("index.json")
        directory.remove("oci-layout")
        _ = unsafe rmdir(path)
    }

    static func hasMarker(_ path: String) throws -> Bool {
        let marker = path + "/oci-layout"
        guard exists(marker) else { return false }
        let bytes = try readDocument(marker, named: "oci-layout", of: path)
        do {
            let members = try [String: JSONValue](parsing: bytes)
            guard let version = members["imageLayoutVersion"] else { return false }
            let text = try String(json: version)
            guard text == "1.0.0" else { throw ImageStorageFailure(.layoutVersion(text), path: path) }
            return true
        } catch let failure as JSONFailure {
            throw ImageStorageFailure(.malformedDocument(name: "oci-layout", failure: failure), path: path)
        }
    }

    /// Reads a file of bounded size.
    static func readDocument(_ file: String, named name: String, of path: String) throws -> [UInt8] {
        let descriptor = try OwnedDescriptor(opening: file, flags: O_RDONLY | O_NONBLOCK)
        let status = try descriptor.status(path: file)
        guard status.kind == .regular else {
            throw ImageStorageFailure(.notOfKind("made of regular files"), path: path)
        }
        let limit = JSONLimits.document.bytes
        guard status.size <= limit else {
            throw ImageStorageFailure(.documentTooLarge(name: name, size: status.size, limit: limit), path: path)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.size))
        let count = try unsafe bytes.withUnsafeMutableBytes { buffer in
            try unsafe descriptor.read(into: buffer, at: 0, path: file)
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private static func exists(_ path: String) -> Bool { (try? FileStatus(of: path)) != nil }

    private static func isTemporary(_ name: ByteString) -> Bool { name == ByteString(LockedDirectory.temporaryName) }

    private static func makeDirectory(_ path: String, hintingParent: Bool = false) throws {
        guard unsafe mkdir(path, 0o777) != 0 else { return }
        let errorNumber = errno
        guard errorNumber != EEXIST else { return }
        let hint = hintingParent && errorNumber == ENOENT ? "make the parent directory of '\(path)' first" : nil
        throw SystemError("create", path, errorNumber: errorNumber, hint: hint)
    }
}
