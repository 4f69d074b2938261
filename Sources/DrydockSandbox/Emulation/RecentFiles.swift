// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc
import Synchronization

/// Keeps the files that got a record last open, so that their inodes are not given to other files.
///
/// A file system may give the inode of a removed file to the next new one, within the same tick of its clock: then
/// numbers and time of birth are equal. A tick is a few milliseconds; in that time fewer files are made and get records than
/// are kept here. A file that is older differs in its time of birth from all that are made later, and need not be kept.
final class RecentFiles: Sendable {
    private struct Ring: Sendable {
        var descriptors: [Int32] = []
        var next = 0
    }

    private let ring = Mutex(Ring())
    private let capacity: Int

    /// Keeps as many files open as leaves room for everything else that this process opens.
    convenience init() {
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        self.init(capacity: isKnown ? Int(clamping: min(limit.rlim_cur / 4, 512)) : 64)
    }

    init(capacity: Int) { self.capacity = max(1, capacity) }

    deinit { removeAll() }

    /// Whether a new file might still have the same time of birth.
    static func isYoung(_ facts: drydock_file_facts) -> Bool {
        var now = timespec()
        // The clock that file systems read: as long as it stands still, however long, a new file has the same time.
        guard facts.birth != 0, unsafe clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 else { return true }
        let age = Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec) &- facts.birth
        return age < margin
    }

    /// Enough for a clock that is read a little later than it was for the file, in nanoseconds.
    private static let margin: Int64 = 100_000_000

    /// Takes a descriptor over, and closes the oldest if there are too many.
    func keep(_ descriptor: Int32) {
        let replaced = ring.withLock { ring -> Int32? in
            guard ring.descriptors.count == capacity else {
                ring.descriptors.append(descriptor)
                return nil
            }
            defer { ring.next = (ring.next + 1) % capacity }
            let oldest = ring.descriptors[ring.next]
            ring.descriptors[ring.next] = descriptor
            return oldest
        }
        if let replaced { _ = close(replaced) }
    }

    /// Closes all: they keep mounts from being undone.
    func removeAll() {
        let descriptors = ring.withLock { ring in
            defer { ring = Ring() }
            return ring.descriptors
        }
        for descriptor in descriptors { _ = close(descriptor) }
    }
}
