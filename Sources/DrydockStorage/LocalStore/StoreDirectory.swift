// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// The directory of the store.
struct StoreDirectory {
    let path: String

    /// Creates the directory, readable by its owner alone, and requires that nobody else can write to it.
    ///
    /// Its content is believed, so it must be from this user: a file in a directory of another user could say anything.
    ///
    /// - Throws: ``LocalStoreFailure``.
    func prepare() throws {
        if (try? FileStatus(of: path)) == nil { try create() }
        let status: FileStatus
        do { status = try FileStatus(of: path) } catch { throw LocalStoreFailure(.system(error), path: path) }
        guard status.kind == .directory else {
            throw LocalStoreFailure(.system(SystemError("open", path, errorNumber: ENOTDIR)), path: path)
        }
        guard status.uid == geteuid() else { throw LocalStoreFailure(.foreignOwner(status.uid), path: path) }
        guard status.mode & 0o002 == 0 else { throw LocalStoreFailure(.writableByEveryone, path: path) }
    }

    /// Creates it and, as the base directory specification asks for, the directory that it is in.
    ///
    /// No more than that: where a user has no home, this must not make one.
    /// [XDG Base Directory Specification](https://specifications.freedesktop.org/basedir-spec/0.8/)
    private func create() throws {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            _ = unsafe mkdir(String(path[..<slash]), 0o700)
        }
        guard unsafe mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw LocalStoreFailure(.system(SystemError("create", path, errorNumber: errno)), path: path)
    }
}
