// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc
import Synchronization

/// Lets a disk make durable what was written to a file so far, on a thread of its own, while more is written.
///
/// Many disks take bytes into a cache and write them only when they are told to flush it (virtual ones of clouds do): handing
/// them over early (`sync_file_range`) gains nothing there. It is no more than a beginning; errors are found by
/// whoever synchronises the file in the end, since a file that is opened a second time has its own record of them.
final class BackgroundFlush: Sendable {
    private let file: OwnedDescriptor
    private let isBusy = Atomic<Bool>(false)

    /// Opens the file of a descriptor a second time; nil where that is impossible.
    init?(of output: OutputDescriptor) {
        guard let file = try? OwnedDescriptor(opening: "/proc/self/fd/\(output.number)", flags: O_WRONLY) else {
            return nil
        }
        self.file = file
    }

    /// Begins, unless it has not ended since it was last called.
    func begin() {
        guard !isBusy.exchange(true, ordering: .acquiring) else { return }
        // Without a thread all of it is left to the end.
        do { try HostThread { self.flush() }.detach() } catch { isBusy.store(false, ordering: .releasing) }
    }

    private func flush() {
        _ = fdatasync(file.number)
        isBusy.store(false, ordering: .releasing)
    }
}
