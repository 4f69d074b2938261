// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockJSON
import DrydockPackages
public import DrydockSandbox
import Glibc

/// A script that has failed, with the root file system as it left it: kept in a directory, and opened again.
///
/// The directory has the files in `rootfs`, for a look; the same with their owners in `rootfs.tar`; the script's text, and
/// how it was started in `script.json`.
public struct FailedScript: Sendable {
    private let name: String
    private let text: String
    private let isInside: Bool
    private let environment: [String]
    private let shell: [String]
    private let binds: [SandboxProgram.Bind]
    private let names: [String: [String]]
    private let entries: [TreeEntry]

    private static let prefix = "drydock-failed-"
    private static let textLimit = 16 << 20

    init(_ script: ScriptSpec.Run, _ program: SandboxProgram, _ changes: [ScriptChange], on tree: ScriptedTree) {
        var tree = tree
        tree.apply(changes)
        name = script.name
        text = script.text
        isInside = script.isInside
        environment = program.environment
        // Without `-e` and the script's own name.
        shell = program.arguments.dropLast().filter { $0 != "-e" }
        binds = program.binds
        names = program.names
        entries = tree.entries(isWhole: script.isInside)
    }

    /// Writes everything down.
    ///
    /// - Returns: The directory.
    /// - Throws: `SystemError`; ``TreeError``.
    func keep(in build: BuildEnvironment) throws -> String {
        let parent = try HostDirectory(build.absolute(build.temporaryDirectory))
        let unique = "\(Self.prefix)\(name)-\(UInt32.random(in: 0...UInt32.max))"
        let directory = try parent.makeDirectory(ByteString(unique), mode: 0o700)
        let root = try directory.makeDirectory("rootfs", mode: 0o755)
        let isRoot = build.scripts.abilities.isRoot
        _ = try TreeUnpacking(keepsOwners: isRoot, makesDevices: isRoot).unpack(entries, into: root)
        let tar = try PendingFile(for: "\(directory.path)/rootfs.tar")
        _ = try LayerRecipe(entries: entries).write(to: OutputDescriptor(number: tar.number, path: directory.path))
        try tar.commit()
        try Self.write(Array(text.utf8), to: "\(directory.path)/\(name)")
        try Self.write(CanonicalJSON.encode(json), to: "\(directory.path)/script.json")
        return directory.path
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try PendingFile(for: path)
        try OutputDescriptor(number: file.number, path: path).append(bytes)
        try file.commit()
    }

    private var json: JSONValue {
        .object([
            "name": .string(name), "isInside": .bool(isInside),
            "environment": .array(environment.map { .string($0) }), "shell": .array(shell.map { .string($0) }),
            "binds": .array(binds.map { .array([.string($0.source), .string($0.path)]) }),
            "names": .object(names.mapValues { .array($0.map { .string($0) }) }),
        ])
    }
}

extension FailedScript {
    /// Reads what was kept.
    ///
    /// - Parameters:
    ///   - directory: The directory.
    ///   - temporaryDirectory: Where nothing is kept that need not be.
    /// - Throws: `SystemError`; `JSONFailure`; ``TreeError``.
    public init(keptIn directory: String, temporaryDirectory: String) throws {
        var members = try JSONMembers(
            json: JSONValue(parsing: HostFile.read("\(directory)/script.json", limit: Self.textLimit))
        )
        name = try members.require("name")
        isInside = try members.require("isInside")
        environment = try members.requireArray("environment")
        shell = try members.requireArray("shell")
        let pairs: [[String]] = try members.requireArray("binds")
        binds = pairs.filter { $0.count == 2 }.map { .init(source: $0[0], path: $0[1], isReadOnly: true) }
        names = try members.require("names")
        text = String(decoding: try HostFile.read("\(directory)/\(name)", limit: Self.textLimit), as: UTF8.self)
        let tree = ArchiveTree(
            path: "\(directory)/rootfs.tar",
            modificationTime: 0,
            temporaryDirectory: temporaryDirectory
        )
        entries = try tree.entries()
    }

    /// Runs a shell as the script ran, on the files that it left; what is changed there is gone when the shell ends.
    ///
    /// - Parameters:
    ///   - build: This machine.
    ///   - streams: What the shell's standard streams are.
    ///   - control: What can be done to it meanwhile, from other tasks.
    /// - Returns: How it ended.
    /// - Throws: `SandboxFailure`; `SystemError`; `CancellationError`.
    public func open(
        in build: BuildEnvironment,
        streams: SandboxProgram.Streams,
        control: SandboxControl = SandboxControl()
    ) async throws -> SandboxEnding {
        try await BlockingPool.withPool(width: 1) { _ in
            let settings = build.scripts
            let sandbox = try Sandbox(
                abilities: settings.abilities,
                mode: settings.mode,
                temporaryDirectory: build.absolute(build.temporaryDirectory)
            )
            let program = program(streams)
            return try MaterialisedTree.with(entries, in: build) { root in
                try sandbox.run(program, on: root, control: control, output: settings.output).ending
            }
        }
    }

    private func program(_ streams: SandboxProgram.Streams) -> SandboxProgram {
        var program = SandboxProgram(
            paths: [shell[0]],
            arguments: shell,
            environment: environment,
            directory: isInside ? "/" : SandboxProgram.layerPath
        )
        program.view = isInside ? .inside : .beside
        program.files = [SandboxProgram.ScaffoldFile(name: name, bytes: Array(text.utf8))]
        program.binds = binds
        program.names = names
        program.streams = streams
        program.tellsChanges = false
        return program
    }
}
