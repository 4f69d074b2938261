// SPDX-License-Identifier: Apache-2.0

import CDrydockHost

/// Everything that a child needs to set a sandbox up and to start a program there.
struct SandboxPlan {
    var mode: SandboxMode
    var abilities: SandboxAbilities
    /// `CLONE_NEW…` flags.
    var namespaces: UInt64
    var steps: [SandboxStep] = []
    /// Paths that are tried in order; none makes the child end after its steps.
    var programs: [String] = []
    var arguments: [String] = []
    var environment: [String] = []
    var directory = "/"
    var user = SandboxUser.root
    /// Where overlayfs keeps what is changed; nil if the root is a copy of the layers.
    var upperDirectory: String?
    /// What is below it.
    var lowerDirectories: [String] = []
    /// What the program is made to believe.
    var emulation = SandboxEmulation.none
    var streams = SandboxProgram.Streams.collected
    var limits = SandboxLimits()
    /// The slot of the directory whose entries are told.
    var changesSlot: Int32 = -1
    /// Where that directory appears in the sandbox.
    var changesPath = ""

    /// Who the program is for the kernel: under emulated ownership everyone is root of the namespace.
    var realUser: SandboxUser { emulation == .owners ? .root : user }
}

/// Who runs a program in the sandbox.
public struct SandboxUser: Hashable, Sendable {
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32
    /// Numbers of further groups.
    public var groups: [UInt32]

    /// Root without further groups.
    public static let root = SandboxUser(uid: 0, gid: 0)

    /// A user by numbers.
    public init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }
}

/// What a sandbox told.
struct SandboxReport {
    var entries: [ChangedEntry] = []
    var ending: SandboxEnding?
    /// Whether every step is done and the program is about to start.
    var isReady = false
    var isDone = false
    /// Files that steps were to identify, by the steps' places in the list.
    var identities: [Int: RecordedFile] = [:]
    /// What was emulated, and what came of it.
    var emulated: Emulated?
    /// Optional steps that failed: their places in the list, and errno.
    var missing: [Int: Int32] = [:]

    /// An emulation, and what was recorded.
    struct Emulated {
        let kind: SandboxEmulation
        let table: OwnershipTable
    }
}

/// What a program may do for which its user lacks the privileges: it is noted, and the program is told that it is so.
package enum SandboxEmulation: Sendable {
    /// Nothing: the kernel decides alone.
    case none
    /// Files get owners, capabilities and devices, and processes other users.
    case owners
    /// Devices are made.
    case devices

    var raw: drydock_emulation {
        switch self {
        case .none: DRYDOCK_EMULATION_NONE
        case .owners: DRYDOCK_EMULATION_OWNERS
        case .devices: DRYDOCK_EMULATION_DEVICES
        }
    }
}
