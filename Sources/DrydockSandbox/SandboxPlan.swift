// SPDX-License-Identifier: Apache-2.0

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
    var streams = SandboxProgram.Streams.collected
    var limits = SandboxLimits()
    /// The slot of the directory whose entries are told.
    var changesSlot: Int32 = -1
    /// Where that directory appears in the sandbox.
    var changesPath = ""
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
    var isDone = false
    /// Optional steps that failed: their places in the list, and errno.
    var missing: [Int: Int32] = [:]
}
