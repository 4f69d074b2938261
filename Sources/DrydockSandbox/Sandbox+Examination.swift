// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

extension Sandbox {
    /// What a sandbox on this machine is like.
    public struct Examination: Sendable {
        /// Whether overlayfs puts layers together; otherwise they are copied.
        public let usesOverlay: Bool
        /// Parts that this machine refuses, in words.
        public let missing: [String]
    }

    /// Sets a sandbox up, and runs nothing in it.
    ///
    /// Blocks.
    ///
    /// - Throws: ``SandboxFailure`` if that is not possible; `SystemError` for the temporary directory.
    public func examine() throws -> Examination {
        do {
            return try examine(isCopy: false)
        } catch let failure as SandboxFailure where Self.isRefusedOverlay(failure) {
            return try examine(isCopy: true)
        }
    }

    private func examine(isCopy: Bool) throws -> Examination {
        let root = SandboxRoot(lower: [])
        let program = SandboxProgram(paths: [], arguments: [])
        let workspace = try prepare(root, isCopy: isCopy)
        var plan = plan(program, root, workspace, isCopy: isCopy)
        plan.changesSlot = -1
        let report = try SandboxProcess(plan: plan, control: SandboxControl(), output: { _ in }).run()
        return Examination(usesOverlay: !isCopy, missing: plan.missing(in: report))
    }
}

extension SandboxPlan {
    /// Optional steps that failed, in words.
    func missing(in report: SandboxReport) -> [String] {
        report.missing.sorted { $0.key < $1.key }.compactMap { index, errorNumber in
            // What is not there need not be hidden.
            errorNumber == ENOENT ? nil : "\(steps[index].purpose): \(SystemError.text(of: errorNumber))"
        }
    }
}
