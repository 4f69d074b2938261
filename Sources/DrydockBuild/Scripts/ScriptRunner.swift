// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockSandbox
import Glibc

/// Runs the scripts of a spec, one after the other, and says what the last layer holds after them.
struct ScriptRunner: Sendable {
    let scripts: ScriptSpec
    let environment: BuildEnvironment
    let style: EntryStyle
    /// The store paths that scripts see in an image's root beside those that it has.
    var storePaths: [SandboxProgram.Bind] = []

    /// What a script writes that is kept for a failure's message.
    private static let keptBytes = 16 << 10
    private static let keptLines = 20

    /// The entries of the last layer after all scripts.
    ///
    /// - Parameters:
    ///   - below: What the other layers have.
    ///   - layer: The entries of the last layer.
    /// - Returns: What the last layer holds then, with markers for what it hides.
    /// - Throws: ``ScriptFailure`` when a script fails; `SandboxFailure`; `SystemError`.
    func entries(below: ScriptedTree.Below, layer: [TreeEntry]) throws -> [TreeEntry] {
        var tree = ScriptedTree(below: below, layer: layer, style: style)
        for script in scripts.runs {
            let changes = try run(script, on: tree.entries(isWhole: script.isInside))
            try tree.apply(changes, of: script.name)
        }
        return tree.layerEntries()
    }

    private func run(_ script: ScriptSpec.Run, on entries: [TreeEntry]) throws -> SandboxChanges {
        let settings = environment.scripts
        let sandbox = try Sandbox(
            abilities: settings.abilities,
            mode: settings.mode,
            limits: settings.limits,
            temporaryDirectory: environment.temporaryDirectory
        )
        let program = try program(for: script, entries)
        return try MaterialisedTree.with(entries, in: environment) { root in
            var tail: [UInt8] = []
            let run = try sandbox.run(program, on: root) { bytes in
                settings.output(bytes)
                tail = (tail + bytes).suffix(Self.keptBytes)
            }
            guard run.ending.isSuccess else {
                throw ScriptFailure(.ended(run.ending), script: script.name, lastLines: Self.lines(tail))
            }
            guard let changes = run.changes else { preconditionFailure("Changes were asked for") }
            return changes
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        // Control characters of a script's output are for its terminal, not for a message.
        bytes.split(separator: UInt8(ascii: "\n")).suffix(keptLines).map { ByteString($0).description }
    }

    private func program(for script: ScriptSpec.Run, _ entries: [TreeEntry]) throws(ScriptFailure) -> SandboxProgram {
        let shell =
            script.isInside
            ? ScriptShell.inside(Set(entries.map(\.path)), environment: environment)
            : ScriptShell.ofHost(searchPath: environment.scripts.searchPath)
        guard let shell else { throw ScriptFailure(.noShell, script: script.name) }
        let file = "\(SandboxProgram.scaffoldPath)/\(script.name)"
        var program = SandboxProgram(
            paths: [shell.arguments[0]],
            arguments: shell.arguments + [file],
            environment: variables(isInside: script.isInside),
            directory: script.isInside ? "/" : SandboxProgram.layerPath
        )
        program.view = script.isInside ? .inside : .beside
        program.files = [SandboxProgram.ScaffoldFile(name: script.name, bytes: Array(script.text.utf8))]
        program.binds = shell.binds
        program.names = shell.names
        if script.isInside {
            program.binds += storeBinds(Set(entries.map(\.path)), limit: SandboxProgram.bindLimit - program.binds.count)
        }
        return program
    }

    /// The store paths that are not in the image; where they are too many, the store itself.
    private func storeBinds(_ present: Set<ByteString>, limit: Int) -> [SandboxProgram.Bind] {
        let missing = storePaths.filter { !present.contains(ContentsResolver.imagePath($0.path)) }
        guard missing.count > limit, let first = missing.first else { return missing }
        let directory = first.path.split(separator: "/").dropLast().joined(separator: "/")
        let source = first.source.split(separator: "/").dropLast().joined(separator: "/")
        return [SandboxProgram.Bind(source: "/\(source)", path: "/\(directory)", isReadOnly: true)]
    }

    private func variables(isInside: Bool) -> [String] {
        let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let path =
            isInside ? "\(usual):\(SandboxProgram.scaffoldPath)/bin" : "\(environment.scripts.searchPath):\(usual)"
        return [
            "PATH=\(path)", "HOME=/root", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=\(style.modificationTime)", "TZ=UTC",
        ]
    }
}
