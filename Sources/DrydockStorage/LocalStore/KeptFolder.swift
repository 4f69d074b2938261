// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockFiles
import Glibc

/// A folder of the local store whose files are named by digests, each written once and removed when it was not used for long.
struct KeptFolder: Sendable {
    /// Where the files are.
    let path: String
    private let directory: String

    /// A folder of a store, whose directory is created when the first file comes.
    init(_ name: String, of store: LocalStore) {
        directory = store.directory
        path = "\(store.directory)/\(name)"
    }

    /// Where a file is, or would be.
    func path(of name: Digest) -> String { "\(path)/\(name.encoded)" }

    /// Keeps a file from being collected, as it is used.
    func touch(_ name: Digest) { _ = unsafe utimes(path(of: name), nil) }

    /// Removes a file if it is there.
    func remove(_ name: Digest) { _ = unsafe unlink(path(of: name)) }

    /// Begins a file, which gets its name when it is whole.
    ///
    /// - Throws: `SystemError`; ``LocalStoreFailure`` if the directory must not be used.
    func begin() throws -> PendingBlob {
        try StoreDirectory(path: directory).prepare()
        if unsafe mkdir(path, 0o700) != 0 {
            let errorNumber = errno
            guard errorNumber == EEXIST else { throw SystemError("create", path, errorNumber: errorNumber) }
        }
        return try PendingBlob(in: path)
    }

    /// Everything that is there, in the order of its names.
    ///
    /// - Throws: `SystemError`.
    func entries() throws -> [KeptFile] {
        guard (try? FileStatus(of: path)) != nil else { return [] }
        return try HostDirectory(path).names().compactMap { name -> KeptFile? in
            guard let digest = try? Digest("sha256:\(name)"),
                let status = try? FileStatus(of: "\(path)/\(name)", followingLinks: false)
            else { return nil }
            return KeptFile(name: digest, size: status.size, used: status.modified / 1_000_000_000)
        }.sorted { $0.name.encoded < $1.name.encoded }
    }

    /// Removes files, and what killed processes have left.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    func remove(where isUnwanted: (KeptFile) -> Bool) throws -> [KeptFile] {
        let removed = try entries().filter { file in
            guard isUnwanted(file) else { return false }
            return unsafe unlink(path(of: file.name)) == 0
        }
        if (try? FileStatus(of: path)) != nil { try PendingBlob.removeAbandoned(in: path) }
        return removed
    }
}

/// A file of the local store that is named by a digest.
public struct KeptFile: Hashable, Sendable {
    /// The digest: of the key that the file is kept for.
    public let name: Digest
    /// The bytes of the file.
    public let size: Int64
    /// When it was used last, in seconds since 1970.
    public let used: Int64
}
