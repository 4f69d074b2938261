// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockSandbox
import DrydockStorage
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
            tree.apply(try changes(by: script, on: tree))
        }
        return tree.layerEntries()
    }

    /// What a script changes, by running it or from an earlier time.
    private func changes(by script: ScriptSpec.Run, on tree: ScriptedTree) throws -> [ScriptChange] {
        let entries = tree.entries(isWhole: script.isInside)
        let program = try program(for: script, entries)
        let memory = environment.memory.results.map { results in
            ScriptMemory(results: results, temporaryDirectory: environment.temporaryDirectory, style: style)
        }
        let key = try memory.map { _ in try ScriptMemory.key(of: script, as: program, on: entries) }
        let isChecked = environment.scripts.isChecked
        if !isChecked, let key, let known = memory?.changes(for: key) { return known }
        let changes = try run(script, program, on: tree)
        if isChecked {
            let again = try run(script, program, on: tree)
            if let path = try ScriptComparison.firstDifference(changes, again) {
                throw ScriptFailure(.differs(path: path), script: script.name)
            }
        }
        if let key { memory?.remember(changes, for: key) }
        return changes
    }

    private func run(
        _ script: ScriptSpec.Run,
        _ program: SandboxProgram,
        on tree: ScriptedTree
    ) throws -> [ScriptChange] {
        let settings = environment.scripts
        let sandbox = try Sandbox(
            abilities: settings.abilities,
            mode: settings.mode,
            limits: settings.limits,
            temporaryDirectory: environment.temporaryDirectory
        )
        return try MaterialisedTree.with(tree.entries(isWhole: script.isInside), in: environment) { root in
            var tail: [UInt8] = []
            let run = try sandbox.run(program, on: root) { bytes in
                settings.output(bytes)
                tail = (tail + bytes).suffix(Self.keptBytes)
            }
            guard let told = run.changes else { preconditionFailure("Changes were asked for") }
            let changes = try ScriptChange.all(of: told, by: script.name, style)
            if run.ending.isSuccess { return changes }
            var failure = ScriptFailure(.ended(run.ending), script: script.name, lastLines: Self.lines(tail))
            if settings.keepsFailed {
                failure.keptPath = try FailedScript(script, program, changes, on: tree).keep(in: environment)
            }
            throw failure
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
        // No locale: an image seldom has the one that would be named, of which its shell then complains.
        return ["PATH=\(path)", "HOME=/root", "SOURCE_DATE_EPOCH=\(style.modificationTime)", "TZ=UTC"]
    }
}
