// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockSandbox
import DrydockTestSupport
import Foundation

/// A root file system with a static BusyBox and a few files, and scripts that run on it.
struct SampleRoot {
    /// The lower directory.
    let path: String
    /// Where runs keep what they changed.
    let temporaryDirectory: String

    /// Makes the root in a new directory and removes both afterwards.
    @discardableResult
    static func with<Result>(_ body: (SampleRoot) async throws -> Result) async throws -> Result {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-ec", script, "sh", directory])
            return try await body(SampleRoot(path: "\(directory)/root", temporaryDirectory: "\(directory)/runs"))
        }
    }

    private static let script = """
        mkdir -p "$1/runs" "$1/root/bin" "$1/root/etc" "$1/root/data" "$1/root/home/jane"
        cp "$(command -v busybox)" "$1/root/bin/busybox"
        for name in sh ls mkdir rm cat chown chmod ln id mount sleep mknod dd mv touch kill mkfifo setfattr env ip; do
            ln -s busybox "$1/root/bin/$name"
        done
        echo one >"$1/root/data/one"
        echo two >"$1/root/data/two"
        echo text >"$1/root/etc/file"
        ln -s /outside "$1/root/etc/link"
        chmod 700 "$1/root/home/jane"
        """

    /// What a script did.
    struct Outcome: Sendable {
        let run: Sandbox.Run
        let output: String

        /// Each change in one line: path, kind, mode and owner.
        var lines: [String] {
            (run.changes?.changes ?? []).map { change in
                let owner = "\(change.uid):\(change.gid)"
                return "\(change.path) \(change.node.word) \(String(change.mode, radix: 8)) \(owner)"
            }
        }
    }

    /// Runs a script in the sandbox.
    func run(
        _ script: String,
        mode: SandboxMode = .root,
        usesOverlay: Bool = true,
        owners: [SandboxRoot.Owner] = [],
        limits: SandboxLimits = SandboxLimits(seconds: 100, diskBytes: 64 << 20, processes: 400),
        change: @Sendable (inout SandboxProgram) -> Void = { _ in }
    ) async throws -> Outcome {
        var program = SandboxProgram(paths: ["/bin/sh"], arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
        change(&program)
        let started = program
        var sandbox = try Sandbox(
            abilities: SandboxAbilities(isRoot: true),
            mode: mode,
            limits: limits,
            temporaryDirectory: temporaryDirectory
        )
        sandbox.usesOverlay = usesOverlay
        let chosen = sandbox
        let root = SandboxRoot(lower: [path], owners: owners)
        return try await BlockingPool.withPool(width: 1) { _ in
            var output: [UInt8] = []
            let run = try chosen.run(started, on: root) { output += $0 }
            return Outcome(run: run, output: String(decoding: output, as: UTF8.self))
        }
    }
}

extension SandboxChange.Node {
    var word: String {
        switch self {
        case .directory(let isOpaque): isOpaque ? "opaque" : "directory"
        case .file: "file"
        case .symlink(let target): "->\(target)"
        case .fifo: "fifo"
        case .characterDevice(let major, let minor): "c\(major),\(minor)"
        case .blockDevice(let major, let minor): "b\(major),\(minor)"
        case .nothing: "gone"
        }
    }
}
