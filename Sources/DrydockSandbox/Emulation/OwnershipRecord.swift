// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

/// What emulated ownership says of one file: all that a user without privileges cannot give it for real.
///
/// A file without a record is a plain file of root.
package struct OwnershipRecord: Hashable, Sendable {
    /// A device that is a file of its own kind only for those who look at it here.
    package struct Device: Hashable, Sendable {
        /// Whether it is a block device, not a character device.
        package var isBlock: Bool
        /// The number that stands for the driver.
        package var major: UInt32
        /// The number that stands for the device.
        package var minor: UInt32

        /// A device by its kind and numbers.
        package init(isBlock: Bool, major: UInt32, minor: UInt32) {
            self.isBlock = isBlock
            self.major = major
            self.minor = minor
        }
    }

    /// The owner.
    package var uid: UInt32
    /// The group.
    package var gid: UInt32
    /// What an empty regular file stands for.
    package var device: Device?
    /// Attributes by name: `security.capability`, and those that begin with `trusted.`.
    package var attributes: [ByteString: ByteString]

    /// A record of everything.
    package init(
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        device: Device? = nil,
        attributes: [ByteString: ByteString] = [:]
    ) {
        self.uid = uid
        self.gid = gid
        self.device = device
        self.attributes = attributes
    }

    /// Whether it says no more than having no record does.
    package var isPlain: Bool { uid == 0 && gid == 0 && device == nil && attributes.isEmpty }

    /// What a file without a record has: made once, for nearly every file is asked about.
    package static let plain = OwnershipRecord()

    /// The record after chown(2): what is nil stays; capabilities of anything but a directory are lost, as capabilities(7)
    /// says.
    package func changingOwner(uid newUser: UInt32?, gid newGroup: UInt32?, isDirectory: Bool) -> OwnershipRecord {
        var changed = self
        changed.uid = newUser ?? uid
        changed.gid = newGroup ?? gid
        if !isDirectory, !attributes.isEmpty { changed.attributes[EmulatedAttribute.capability] = nil }
        return changed
    }
}

/// The extended attributes that the kernel keeps from users of a user namespace.
package enum EmulatedAttribute: Sendable {
    /// The capabilities that a program gets, capabilities(7).
    package static let capability: ByteString = "security.capability"

    /// Whether an attribute is kept in the table, not in the file system.
    package static func contains(_ name: ByteString) -> Bool {
        name == capability || name.bytes.starts(with: "trusted.".utf8)
    }

    /// Whether a value may be stored under the name: one of the three forms of `vfs_cap_data`, linux/capability.h.
    package static func accepts(_ value: ByteString, as name: ByteString) -> Bool {
        guard name == capability else { return true }
        // The revision is the highest of the first four bytes, which are little-endian.
        switch (value.count, value.bytes.dropFirst(3).first) {
        case (12, 1), (20, 2), (24, 3): return true
        default: return false
        }
    }
}
