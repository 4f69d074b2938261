// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
package import DrydockFiles
import Glibc

/// Where the files are whose owners are emulated.
package struct EmulatedFiles: Sendable {
    /// Their place in the sandbox, without a slash at the end; empty for the root.
    let place: String
    /// Where overlayfs keeps what is changed of them, if they are on one.
    let upper: UpperDirectory?

    /// Files at a place.
    package init(at place: String = "", upper: UpperDirectory? = nil) {
        self.place = place
        self.upper = upper
    }
}

/// The directory in which overlayfs keeps what is changed, as this process sees it.
package final class UpperDirectory: Sendable {
    private let directory: OwnedDescriptor
    /// Where the overlay is in the sandbox, without a slash at the end.
    private let place: [UInt8]
    private let lower: LowerNumbers
    /// Whether all directories are on one file system: then the overlay shows every file with a number of that one.
    private let isOnOneFileSystem: Bool

    /// The upper directory of an overlay.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - place: Where the overlay is in the sandbox; empty for the root.
    ///   - lower: The directories below it.
    /// - Throws: ``SystemError`` if it cannot be opened.
    package init(_ path: String, shownAt place: String, lower: [String] = []) throws(SystemError) {
        directory = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        self.place = Array(place.utf8)
        self.lower = LowerNumbers(lower)
        let device = try directory.status(path: path).identity.device
        isOnOneFileSystem = lower.allSatisfy { (try? FileStatus(of: $0).identity.device) == device }
    }

    /// Whether a file of the overlay is there for certain, so that overlayfs will not copy it any more.
    func holds(_ facts: drydock_file_facts) -> Bool { isOnOneFileSystem && !lower.mayHave(facts.inode) }

    /// The number there of a file of the overlay; nil unless it is there for certain.
    ///
    /// A file that is moved at this moment may be taken for another. Then that one is told to have the owner of this one:
    /// only whoever moves files of its own sandbox like that deceives itself.
    func number(of file: borrowing OwnedDescriptor, _ facts: drydock_file_facts) -> UInt64? {
        // A number that no file of a layer has is the file's own.
        guard lower.mayHave(facts.inode) else { return nil }
        guard let path = unsafe readLink("/proc/self/fd/\(file.number)", in: AT_FDCWD), path.starts(with: place) else {
            return nil
        }
        let below = path.dropFirst(place.count).drop { $0 == UInt8(ascii: "/") }
        guard !below.isEmpty else { return nil }
        let (number, flags) = (directory.number, UInt64(pathOnlyFlag | O_NOFOLLOW))
        let result = unsafe ByteString(Array(below)).withCString {
            unsafe drydock_openat2(number, $0, flags, resolveHere)
        }
        guard result >= 0 else { return nil }
        let found = OwnedDescriptor(adopting: result)
        var upper = drydock_file_facts()
        guard unsafe drydock_file_facts(found.number, "", emptyPathFlag, &upper) == 0 else { return nil }
        return upper.birth == facts.birth && upper.mode == facts.mode ? upper.inode : nil
    }
}

/// `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS` of linux/openat2.h.
private let resolveHere: UInt64 = 0x08 | 0x04
