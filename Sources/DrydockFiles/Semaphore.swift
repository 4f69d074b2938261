// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A counting semaphore of the C library.
@safe
final class Semaphore: @unchecked Sendable {
    // @unchecked because: sem_t is made for use by several threads, and its address never changes.
    private let handle: UnsafeMutablePointer<sem_t>

    init(_ value: UInt32 = 0) {
        unsafe handle = .allocate(capacity: 1)
        unsafe sem_init(handle, 0, value)
    }

    deinit {
        unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    func signal() { _ = unsafe sem_post(handle) }

    func wait() { while unsafe sem_wait(handle) != 0 {} }
}
