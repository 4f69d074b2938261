// SPDX-License-Identifier: Apache-2.0

public import DrydockSandbox

/// How the scripts of a spec are run on this machine.
public struct ScriptSettings: Sendable {
    /// What this machine and user have.
    public var abilities = SandboxAbilities(isRoot: false)
    /// The mode that was asked for; nil chooses the best one.
    public var mode: SandboxMode?
    /// Where programs of this host are found, with colons between directories.
    public var searchPath = "/usr/local/bin:/usr/bin:/bin"
    /// What a script may use.
    public var limits = SandboxLimits.standard
    /// Whether each script runs twice, and what it leaves is compared.
    public var isChecked = false
    /// Whether the root file system of a script that fails is kept.
    public var keepsFailed = false
    /// Takes what scripts write, as it comes.
    public var output: @Sendable ([UInt8]) -> Void = { _ in }

    /// Whether owners can only be emulated.
    var isSingle: Bool { (mode ?? abilities.mode) == .single }

    /// A user without anything.
    public init() {}
}
