// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// The file that a call is about.
package enum CallSubject: Hashable, Sendable {
    /// An open file of the caller.
    case descriptor(Int32)
    /// A path in the caller's memory.
    case path(CallPath)
}

/// A path as an argument: where it lies, and how it is meant.
package struct CallPath: Hashable, Sendable {
    /// The caller's descriptor that a relative path begins at, or `AT_FDCWD`.
    package var directory: Int32
    /// Where the text is in the caller's memory.
    package var address: UInt64
    /// Whether a symbolic link at the end stands for what it points to.
    package var followsLinks: Bool
    /// Whether an empty path means the directory's descriptor itself.
    package var allowsEmpty = false

    /// A path at an address.
    package init(directory: Int32 = AT_FDCWD, address: UInt64, followsLinks: Bool = true) {
        self.directory = directory
        self.address = address
        self.followsLinks = followsLinks
    }
}

/// A place in the caller's memory where an answer is wanted.
package struct CallBuffer: Hashable, Sendable {
    /// Where it begins.
    package var address: UInt64
    /// How many bytes it has.
    package var size: UInt64
}

/// One of the calls that change an identity.
package enum IdentityChange: Hashable, Sendable {
    /// setuid and setgid.
    case all(UInt32)
    /// setreuid and setregid; nil stays.
    case realEffective(UInt32?, UInt32?)
    /// setresuid and setresgid; nil stays.
    case realEffectiveSaved(UInt32?, UInt32?, UInt32?)
    /// setfsuid and setfsgid.
    case fileSystem(UInt32)
}

/// What a call that makes a file makes.
package enum NewFile: Hashable, Sendable {
    /// `open` with `O_CREAT` or `O_TMPFILE`.
    case opened(flags: Int32, mode: UInt32)
    /// `openat2`, whose flags are in memory.
    case openedAs(CallBuffer)
    /// `mkdir`.
    case directory(mode: UInt32)
    /// `mknod`: type and permission bits, and the device's number as the system call encodes it.
    case node(mode: UInt32, device: UInt64)
    /// `symlink`: where the target's text is.
    case symlink(target: UInt64)
}

/// What is wanted of an extended attribute.
package enum AttributeAccess: Hashable, Sendable {
    /// Sets the attribute whose name is at `name`; `flags` of setxattr(2).
    case set(name: UInt64, value: CallBuffer, flags: Int32)
    /// Reads the attribute whose name is at `name`.
    case get(name: UInt64, into: CallBuffer)
    /// Tells all names.
    case list(into: CallBuffer)
    /// Removes the attribute whose name is at `name`.
    case remove(name: UInt64)
}

/// A call that emulated ownership answers, in one form for all its variants.
package enum EmulatedCall: Hashable, Sendable {
    /// A new owner, group, or both; nil stays.
    case changeOwner(CallSubject, uid: UInt32?, gid: UInt32?)
    /// A new file.
    case create(NewFile, at: CallPath)
    /// Another name for a file.
    case link(CallSubject)
    /// `struct stat` of a file.
    case status(CallSubject, into: UInt64)
    /// `struct statx` of a file.
    case extendedStatus(CallSubject, flags: Int32, mask: UInt32, into: UInt64)
    /// An extended attribute of a file.
    case attribute(CallSubject, AttributeAccess)
    /// Another user.
    case changeUser(IdentityChange)
    /// Another group.
    case changeGroup(IdentityChange)
    /// Other further groups: so many numbers at an address.
    case changeGroups(count: Int32, at: UInt64)
    /// One number of the caller's credentials.
    case identity(any KeyPath<Credentials, UInt32> & Sendable)
    /// The three numbers of its user or its group.
    case identities(any KeyPath<Credentials, Credentials.Numbers> & Sendable, into: [UInt64])
    /// Its further groups: room for so many numbers at an address.
    case groups(count: Int32, into: UInt64)
    /// `capset`: addresses of the header and of the sets.
    case changeCapabilities(header: UInt64, sets: UInt64)
    /// Whether permitted capabilities outlive a change of the user.
    case keepCapabilities(Bool)
    /// Another program in the same process.
    case execute
    /// A call of 32-bit code.
    case foreign
    /// A call with flags that its specification does not know, or one that cannot be decided here: the kernel's own.
    case unknown
}
