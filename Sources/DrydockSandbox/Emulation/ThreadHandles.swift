// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc
import Synchronization

/// Keeps the thread that called last open: most calls come from the same one, and its descriptors are copied with fewer
/// calls than they are opened through `/proc`.
///
/// A handle of a thread that has ended copies nothing, also when its number was given to another one. So what is copied
/// belongs to the thread of that number.
final class ThreadHandles: Sendable {
    private struct Last: ~Copyable, Sendable {
        let thread: Int32
        let handle: OwnedDescriptor
    }

    private let last = Mutex<Last?>(nil)

    /// A copy of a thread's descriptor; nil where there is none, or it cannot be copied.
    func copy(of descriptor: Int32, of thread: Int32) -> OwnedDescriptor? {
        let result = last.withLock { last -> Int32 in
            let known = Self.copy(descriptor, thread, last)
            guard known == -ESRCH else { return known }
            let handle = drydock_open_thread(thread)
            guard handle >= 0 else { return handle }
            last = Last(thread: thread, handle: OwnedDescriptor(adopting: handle))
            return drydock_copy_descriptor(handle, descriptor)
        }
        return result < 0 ? nil : OwnedDescriptor(adopting: result)
    }

    private static func copy(_ descriptor: Int32, _ thread: Int32, _ last: borrowing Last?) -> Int32 {
        switch last {
        case .some(let known) where known.thread == thread:
            drydock_copy_descriptor(known.handle.number, descriptor)
        default: -ESRCH
        }
    }
}
