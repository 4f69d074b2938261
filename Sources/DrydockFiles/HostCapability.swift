// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// What root may do, see capabilities(7): in a container root has some of it, and often not all.
public enum HostCapability: Int32, Sendable {
    /// `CAP_CHOWN`: files may be given to others.
    case changeOwners = 0
    /// `CAP_SYS_ADMIN`: file systems may be mounted, and namespaces made without one for users.
    case administration = 21
    /// `CAP_MKNOD`: devices may be made.
    case makeDevices = 27

    /// Whether this process is root and has it.
    public var isRoots: Bool { geteuid() == 0 && drydock_has_capability(rawValue) != 0 }
}
