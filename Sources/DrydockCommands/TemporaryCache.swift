// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Foundation
import Synchronization

/// A directory for what passes through a cache, where the person has none that can be used; gone when the process ends.
enum TemporaryCache {
    private static let prefix = "drydock-cache."
    private static let known = Mutex<String?>(nil)

    /// Whether the directory is there.
    static var isMade: Bool { known.withLock { $0 != nil } }

    /// The directory; made at the first call.
    ///
    /// - Throws: `SystemError`.
    static func directory() throws -> String {
        try known.withLock { known in
            if let known { return known }
            let parent = TransferOptions.temporaryDirectory
            removeAbandoned(in: parent)
            let path = try make(in: parent)
            known = path
            atexit { TemporaryCache.remove() }
            return path
        }
    }

    private static func make(in parent: String) throws -> String {
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            let hint = "set TMPDIR to a directory that you may write to"
            throw SystemError("create a temporary cache in", parent, errorNumber: errno, hint: hint)
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Held as long as this process lives: whoever gets the lock may remove the directory.
        _ = lock(path)
        return path
    }

    /// Removes those whose processes were killed.
    private static func removeAbandoned(in parent: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = "\(parent)/\(name)"
            guard (try? FileStatus(of: path, followingLinks: false))?.uid == geteuid(), let number = lock(path) else {
                continue
            }
            try? FileManager.default.removeItem(atPath: path)
            close(number)
        }
    }

    /// Locks a directory; nil if another process has.
    private static func lock(_ path: String) -> Int32? {
        let number = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else { return nil }
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return number }
        close(number)
        return nil
    }

    private static func remove() {
        guard let path = known.withLock(\.self) else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}
