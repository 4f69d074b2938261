// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A SQLite file as the file system sees it.
struct DatabaseFile: Sendable {
    let path: String

    /// What changes when somebody writes to a file or puts another in its place.
    struct State: Equatable {
        let isRegular: Bool
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let modifiedSeconds: Int
        let modifiedNanoseconds: Int
        let changedSeconds: Int
        let changedNanoseconds: Int
    }

    /// The state of the file, or of the one whose name has a suffix more; nil if there is none.
    func state(suffix: String = "") throws(StoreDatabaseFailure) -> State? {
        var status = stat()
        guard unsafe stat(path + suffix, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw StoreDatabaseFailure(.unreadable(errorNumber: errno), file: path)
        }
        return State(
            isRegular: status.st_mode & S_IFMT == S_IFREG,
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            modifiedSeconds: status.st_mtim.tv_sec,
            modifiedNanoseconds: status.st_mtim.tv_nsec,
            changedSeconds: status.st_ctim.tv_sec,
            changedNanoseconds: status.st_ctim.tv_nsec
        )
    }

    /// Checks that the file alone holds all that was committed.
    ///
    /// A log or journal beside it that is not empty belongs to a process that is writing, or that was killed.
    func requireComplete() throws(StoreDatabaseFailure) {
        for suffix in ["-wal", "-journal"] {
            guard let log = try state(suffix: suffix), log.size > 0 else { continue }
            throw StoreDatabaseFailure(.unrecovered(suffix: suffix), file: path)
        }
    }

    /// Checks the file that Nix writes beside its database.
    func requireSchema(_ version: Int) throws(StoreDatabaseFailure) {
        let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
        guard let text = Self.text(of: directory + "/schema") else {
            throw StoreDatabaseFailure(.malformedSchema(nil), file: path)
        }
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "\n") }
        guard let found = Int(String(decoding: digits, as: UTF8.self)) else {
            throw StoreDatabaseFailure(.malformedSchema(text), file: path)
        }
        guard found == version else { throw StoreDatabaseFailure(.unsupportedSchema(found), file: path) }
    }

    /// Checks that the file is there and may be opened, which SQLite does not tell apart.
    func requireReadable() throws(StoreDatabaseFailure) {
        guard let state = try state() else { throw StoreDatabaseFailure(.missing, file: path) }
        guard state.isRegular else { throw StoreDatabaseFailure(.other("it is not a regular file"), file: path) }
        guard unsafe access(path, R_OK) == 0 else {
            throw StoreDatabaseFailure(.unreadable(errorNumber: errno), file: path)
        }
    }

    /// The beginning of a small file; nil if it cannot be read.
    private static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

extension DatabaseFile {
    /// The name by which SQLite opens the file without locks, on the word of its caller that nobody changes it.
    ///
    /// [SQLite, Uniform Resource Identifiers](https://www.sqlite.org/uri.html).
    var immutableName: String {
        var name = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                name.unicodeScalars.append(UnicodeScalar(byte))
            default: name += "%" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return name + "?immutable=1"
    }
}
