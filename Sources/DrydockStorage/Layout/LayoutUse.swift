// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockOCI
import Glibc
import Synchronization

/// The time during which a process writes to a layout, and what it has added.
///
/// Each writer holds a shared lock of the layout's marker. A writer that fails takes back what it has added, but only if
/// nobody else writes there and no image has arrived since: another one's image may consist of the same blobs.
final class LayoutUse: Sendable {
    private let marker: OwnedDescriptor
    private let manifests: [Descriptor]
    private let added = Mutex<[String]>([])

    /// Begins a use; the caller holds the lock of the directory.
    ///
    /// - Parameters:
    ///   - path: The marker.
    ///   - manifests: The images that are there now.
    /// - Throws: `SystemError`.
    init(of path: String, manifests: [Descriptor]) throws(SystemError) {
        marker = try OwnedDescriptor(opening: path)
        self.manifests = manifests
        // Nobody waits for an exclusive lock, so this one is there at once.
        while flock(marker.number, LOCK_SH) != 0 {
            let errorNumber = errno
            guard errorNumber == EINTR else { throw SystemError("lock", path, errorNumber: errorNumber) }
        }
    }

    /// Remembers a file that was not there before.
    func didAdd(_ path: String) { added.withLock { $0.append(path) } }

    /// Whether nobody else writes to the layout; the use is over then, and no other begins under the directory's lock.
    func endsAlone() -> Bool { flock(marker.number, LOCK_EX | LOCK_NB) == 0 }

    /// Removes the files that were added, unless the layout has got other images since.
    func takeBack(now: [Descriptor]) {
        guard now == manifests else { return }
        for path in added.withLock(\.self) { _ = unsafe unlink(path) }
    }
}
