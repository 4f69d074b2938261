// SPDX-License-Identifier: Apache-2.0

/// How a program in the sandbox can be root, without being it outside.
public enum SandboxMode: String, Hashable, Sendable, CaseIterable {
    /// Started by root: files have their real owners.
    case root
    /// Started by a user who has subordinate ids: owners are mapped to these.
    case subordinate
    /// Started by a user who has nothing but the one id: every file belongs to root.
    case single
}

/// What this machine and user have, from which a mode follows.
public struct SandboxAbilities: Hashable, Sendable {
    /// Whether the process may do everything.
    public var isRoot: Bool
    /// The ids that the user may map, if there are any and the programs that map them.
    public var subordinateIDs: SubordinateIDs?

    /// A machine and user as they are described.
    public init(isRoot: Bool, subordinateIDs: SubordinateIDs? = nil) {
        self.isRoot = isRoot
        self.subordinateIDs = subordinateIDs
    }

    /// The mode that is chosen unless another is asked for: the one with the most real owners.
    public var mode: SandboxMode {
        if isRoot { return .root }
        return subordinateIDs == nil ? .single : .subordinate
    }

    /// Checks that a mode that was asked for is possible.
    ///
    /// - Throws: ``SandboxFailure`` with what is missing.
    public func checked(_ wanted: SandboxMode?) throws(SandboxFailure) -> SandboxMode {
        switch wanted {
        case .root where !isRoot: throw SandboxFailure(.notRoot)
        case .subordinate where subordinateIDs == nil: throw SandboxFailure(.noSubordinateIDs)
        default: return wanted ?? mode
        }
    }
}
