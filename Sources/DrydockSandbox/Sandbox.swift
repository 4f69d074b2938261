// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Runs programs on root file systems of their own, in namespaces, and tells what they have changed.
///
///     let sandbox = Sandbox(abilities: abilities, temporaryDirectory: "/tmp")
///     let program = SandboxProgram(paths: ["/bin/sh"], arguments: ["sh", "-c", "touch /new"])
///     let run = try sandbox.run(program, on: SandboxRoot(lower: ["rootfs"])) { print($0) }
///     run.changes?.changes   // one new file: new
///
/// Every process of a run is gone when it is over, and every mount is undone, also when this process is killed.
public struct Sandbox: Sendable {
    /// What this machine and user have.
    public var abilities: SandboxAbilities
    /// How programs are root.
    public var mode: SandboxMode
    /// What a run may use.
    public var limits: SandboxLimits
    /// Where changes lie until nobody needs them any more; absolute.
    public var temporaryDirectory: String
    /// Whether in the mode ``SandboxMode/single`` a program is told that files have the owners that it gives them.
    public var emulatesOwners = true
    /// Whether layers are put together by overlayfs where that is possible; otherwise they are copied.
    public var usesOverlay = true

    /// A sandbox in the mode that is asked for, or in the best one.
    ///
    /// - Throws: ``SandboxFailure`` if that mode is not possible.
    public init(
        abilities: SandboxAbilities,
        mode: SandboxMode? = nil,
        limits: SandboxLimits = .standard,
        temporaryDirectory: String
    ) throws(SandboxFailure) {
        self.abilities = abilities
        self.mode = try abilities.checked(mode)
        self.limits = limits
        self.temporaryDirectory = temporaryDirectory
    }

    /// How a run ended and what it changed.
    public struct Run: Sendable {
        /// How the program ended.
        public let ending: SandboxEnding
        /// What it changed, if that was asked for.
        public let changes: SandboxChanges?
        /// Parts of the sandbox that this machine refuses, in words; the program ran without them.
        public let missing: [String]
    }

    /// Runs a program to its end.
    ///
    /// Blocks; not for a thread of Swift's concurrency pool.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - root: The root file system.
    ///   - control: What can be done to it meanwhile, from other threads.
    ///   - output: Takes what it writes to standard output and standard error, as it comes.
    /// - Returns: How it ended, and what it changed.
    /// - Throws: ``SandboxFailure`` if it could not be started; `SystemError` for the temporary directory.
    public func run(
        _ program: SandboxProgram,
        on root: SandboxRoot,
        control: SandboxControl = SandboxControl(),
        output: ([UInt8]) -> Void = { _ in }
    ) throws -> Run {
        do {
            return try run(program, on: root, isCopy: !usesOverlay, control, output)
        } catch let failure as SandboxFailure {
            return try withLess(for: failure, program).run(program, on: root, control: control, output: output)
        }
    }

    /// A sandbox without the part that this machine has just refused.
    ///
    /// - Throws: The failure if there is no doing without.
    private func withLess(for failure: SandboxFailure, _ program: SandboxProgram) throws(SandboxFailure) -> Sandbox {
        var sandbox = self
        if usesOverlay, Self.isRefusedOverlay(failure) {
            sandbox.usesOverlay = false
        } else if case .noEmulation = failure.code, !program.tellsChanges {
            sandbox.emulatesOwners = false
        } else {
            throw failure
        }
        return sandbox
    }

    static func isRefusedOverlay(_ failure: SandboxFailure) -> Bool {
        guard case .setUp(SandboxLayout.overlayPurpose, _) = failure.code else { return false }
        return true
    }

    private func run(
        _ program: SandboxProgram,
        on root: SandboxRoot,
        isCopy: Bool,
        _ control: SandboxControl,
        _ output: ([UInt8]) -> Void
    ) throws -> Run {
        let workspace = try prepare(root, isCopy: isCopy)
        let plan = plan(program, root, workspace, isCopy: isCopy)
        let report = try withoutActuallyEscaping(output) { output in
            try SandboxProcess(plan: plan, control: control, output: output).run()
        }
        guard let ending = report.ending else { throw SandboxFailure(.ended) }
        return Run(
            ending: ending,
            changes: try changes(of: report, program, root, workspace, isCopy: isCopy),
            missing: plan.missing(in: report)
        )
    }

    func prepare(_ root: SandboxRoot, isCopy: Bool) throws -> SandboxWorkspace {
        let removal = SandboxRemoval(mode: mode, abilities: abilities)
        let workspace = try SandboxWorkspace(in: temporaryDirectory, removal: removal)
        if isCopy {
            try RootCopy(root: root).copy(to: "\(workspace.path)/root")
            return workspace
        }
        for (index, lower) in root.lower.enumerated() { try workspace.link("lower\(index)", to: lower) }
        if let highest = root.lower.last {
            try HostDirectory("\(workspace.path)/upper").setMode(UInt32(try HostDirectory(highest).status().mode))
        }
        return workspace
    }

    func plan(
        _ program: SandboxProgram,
        _ root: SandboxRoot,
        _ workspace: SandboxWorkspace,
        isCopy: Bool
    ) -> SandboxPlan {
        var plan = SandboxPlan(mode: mode, abilities: abilities, namespaces: namespaces(program))
        plan.steps = SandboxLayout(
            root: root,
            program: program,
            mode: mode,
            workspace: workspace.path,
            isCopy: isCopy,
            limits: limits,
            emulatesOwnership: emulation == .owners
        ).steps()
        plan.emulation = emulation
        plan.upperDirectory = isCopy ? nil : "\(workspace.path)/upper"
        plan.lowerDirectories = root.lower
        plan.programs = program.paths
        plan.arguments = program.arguments
        plan.environment = program.environment
        plan.directory = program.directory
        plan.user = program.user
        plan.streams = program.streams
        plan.limits = limits
        plan.changesSlot = program.tellsChanges ? SandboxLayout.Slot.changes : -1
        plan.changesPath = program.view == .inside ? "" : SandboxProgram.layerPath
        return plan
    }

    private var emulation: SandboxEmulation {
        switch mode {
        case .root: .none
        case .subordinate: .devices
        case .single: emulatesOwners ? .owners : .none
        }
    }

    private func namespaces(_ program: SandboxProgram) -> UInt64 {
        typealias Kind = SandboxNamespaces
        var flags = Kind.mounts | Kind.processes | Kind.communication | Kind.hostName | Kind.controlGroups
        if mode != .root { flags |= Kind.user }
        if program.network == .none { flags |= Kind.network }
        return flags
    }

    private func changes(
        of report: SandboxReport,
        _ program: SandboxProgram,
        _ root: SandboxRoot,
        _ workspace: SandboxWorkspace,
        isCopy: Bool
    ) throws -> SandboxChanges? {
        guard program.tellsChanges else { return nil }
        let directory = "\(workspace.path)/\(isCopy ? "root" : "upper")"
        var (root, entries) = (root, report.entries)
        if let emulated = report.emulated { entries = entries.map { $0.applying(emulated) } }
        if mode == .single, report.emulated == nil { root.disown() }
        var detection = ChangeDetection(entries: entries, directory: directory, isWhole: isCopy, root: root)
        return SandboxChanges(changes: try detection.run(), directory: directory, workspace: workspace)
    }
}
