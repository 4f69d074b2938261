// SPDX-License-Identifier: Apache-2.0

public import DrydockSandbox

/// A script of a spec that did not do what it should.
public struct ScriptFailure: Error, Equatable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: Hashable, Sendable {
        /// It ended otherwise than with status 0.
        case ended(SandboxEnding)
        /// Neither the image nor this host has a shell for it.
        case noShell
        /// It left something else when it ran a second time.
        case differs(path: String)
        /// It made something that no layer can hold.
        case unpackable(path: String)
    }

    /// What went wrong.
    public let code: Code
    /// The spec's key.
    public let script: String
    /// The last lines that it wrote.
    public let lastLines: [String]
    /// Where its root file system is kept, if it is.
    public internal(set) var keptPath: String?

    init(_ code: Code, script: String, lastLines: [String] = []) {
        self.code = code
        self.script = script
        self.lastLines = lastLines
    }

    /// The sentence for the person, and the last lines that the script wrote.
    public var description: String {
        let hint =
            keptPath.map { "\nhint: its files are in \($0); open a shell there: drydock run --debug \($0)" } ?? ""
        guard !lastLines.isEmpty else { return sentence + hint }
        return sentence + "; its last lines were:\n" + lastLines.map { "    \($0)" }.joined(separator: "\n") + hint
    }

    private var sentence: String {
        switch code {
        case .ended(let ending): "The script '\(script)' \(Self.words(ending))"
        case .noShell:
            "Cannot run the script '\(script)': neither the image nor this host has a shell that can run there\n"
                + "hint: install busybox-static, or put a shell into the image"
        case .differs(let path): "The script '\(script)' does not leave the same when it runs twice: '\(path)' differs"
        case .unpackable(let path): "The script '\(script)' made '\(path)', which a layer cannot hold"
        }
    }

    private static func words(_ ending: SandboxEnding) -> String {
        switch (ending.limit, ending.status) {
        case (.time, _): "took too long and was ended"
        case (.disk, _): "wrote more than it may and was ended"
        case (.memory, _): "had more memory than it may and was ended"
        case (.processes, _): "started more processes than it may and was ended"
        case (nil, .exited(let status)): "failed with exit status \(status)"
        case (nil, .signalled(let signal)): "was ended by signal \(signal)"
        }
    }
}
