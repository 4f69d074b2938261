// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockFiles
import Glibc

/// What the local store remembers of uploads that are under way, so that one whose process was killed is continued.
///
/// Each is a file below `uploads` that holds where the upload goes on, a registry's address. The file is locked by the one
/// who sends: what a living process is at, another one leaves alone. Nothing has to be believed: a registry that does not
/// know the upload gets the blob from its start.
///
/// The functions wait for the disk: call them on a `BlockingPool`.
public struct LocalUploads: Sendable {
    private let directory: String
    private var folder: String { directory + "/uploads" }

    /// The uploads of a store, whose directory is created when the first one begins.
    public init(_ store: LocalStore) { directory = store.directory }

    /// Takes hold of the upload of a blob.
    ///
    /// - Parameters:
    ///   - blob: The blob's digest.
    ///   - place: The repository that it goes to, with its registry.
    /// - Returns: The upload; nil while another process is at it, or when nothing can be kept.
    public func begin(_ blob: Digest, to place: String) -> LocalUpload? {
        guard (try? StoreDirectory(path: directory).prepare()) != nil else { return nil }
        if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST { return nil }
        return LocalUpload("\(folder)/\(Digest(of: Array("\(place)@\(blob)".utf8)).encoded)")
    }

    /// Forgets uploads that nobody is at.
    ///
    /// - Parameter oldest: Only those that were not continued since, in seconds since 1970.
    public func removeUnused(since oldest: Int64) {
        guard let names = try? HostDirectory(folder).names() else { return }
        for name in names {
            let path = "\(folder)/\(name)"
            guard let status = try? FileStatus(of: path, followingLinks: false), status.kind == .regular,
                status.modified / 1_000_000_000 <= oldest
            else { continue }
            LocalUpload(path)?.forget()
        }
    }
}

/// An upload that this process is at.
public final class LocalUpload: Sendable {
    private let path: String
    private let file: OwnedDescriptor
    /// Where the upload of an earlier process goes on; nil if there is none.
    public let location: String?

    /// The longest address that is kept.
    private static let limit = 32 << 10

    init?(_ path: String) {
        guard let file = try? OwnedDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600),
            flock(file.number, LOCK_EX | LOCK_NB) == 0,
            // Between opening and locking, the other may have been done with it.
            let identity = try? file.status(path: path).identity,
            (try? FileStatus(of: path, followingLinks: false).identity) == identity
        else { return nil }
        self.path = path
        location = Self.text(of: file, path)
        self.file = file
    }

    /// Not by closing alone: a program that is started at this moment has the file open for an instant, too.
    deinit { flock(file.number, LOCK_UN) }

    private static func text(of file: borrowing OwnedDescriptor, _ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try? unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: 0, path: path) }
        guard let count, count > 0, count < limit else { return nil }
        return String(validating: bytes.prefix(count), as: UTF8.self)
    }

    /// Keeps where the upload goes on.
    public func remember(_ location: String) {
        let bytes = Array(location.utf8)
        guard bytes.count < Self.limit else { return }
        let output = OutputDescriptor(number: file.number, path: path)
        // What cannot be kept is sent again; what was kept in part leads nowhere.
        try? output.write(bytes, at: 0)
        try? output.setSize(Int64(bytes.count))
    }

    /// Forgets the upload: it is complete, or its registry has forgotten it.
    public func forget() { _ = unsafe unlink(path) }
}
