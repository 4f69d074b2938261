// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockOCI
import DrydockPackages
public import DrydockSandbox
public import DrydockStorage

/// Runs the command of an image in a sandbox, without any daemon.
///
///     let image = try StoredImage(at: ImageLocation("image.tar"), temporaryDirectory: "/tmp")
///     let ending = try await ImageRun().run(image, in: environment)
///
/// Nothing of what the command changes is kept, but in volumes.
public struct ImageRun: Sendable {
    /// Instead of the image's `Cmd`.
    public var command: [String] = []
    /// Instead of the image's `Entrypoint`, which then takes no part of the image's `Cmd`.
    public var entrypoint: String?
    /// Instead of the image's `User`.
    public var user: String?
    /// Instead of the image's `WorkingDir`; made where it is missing.
    public var workingDirectory: String?
    /// `NAME=VALUE`, beside the image's `Env` or instead of some of it.
    public var variables: [String] = []
    /// Files and directories of this host, absolute.
    public var volumes: [SandboxProgram.Bind] = []
    /// Whether there is a network.
    public var network = SandboxProgram.Network.none
    /// What its standard streams are; what is collected goes where output of scripts goes.
    public var streams = SandboxProgram.Streams.collected

    /// How much of `/etc/passwd` and `/etc/group` is read, in bytes.
    private static let accountLimit = 4 << 20
    /// How many files of this host can appear.
    private static let volumeLimit = 29
    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// A run as the image says.
    public init() {}

    /// Runs the command to its end.
    ///
    /// - Parameters:
    ///   - image: The image.
    ///   - environment: This machine: the temporary directory, and how programs are root.
    ///   - control: What can be done to the command meanwhile, from other tasks.
    /// - Returns: How it ended.
    /// - Throws: ``ImageRunFailure``; `SandboxFailure`; ``ImageStorageFailure`` and ``TreeError`` for the image;
    ///   `SystemError`; `CancellationError`.
    public func run(
        _ image: StoredImage,
        in environment: BuildEnvironment,
        control: SandboxControl = SandboxControl()
    ) async throws -> SandboxEnding {
        let entries = try await ImageTree.entries(of: image, temporaryDirectory: environment.temporaryDirectory)
        let configuration = image.configuration.config ?? ContainerConfiguration()
        return try await BlockingPool.withPool(width: 1) { _ in
            try run(configuration, on: entries, environment, control)
        }
    }

    /// Runs the command of an image that is planned and written nowhere, to its end.
    ///
    /// - Parameters:
    ///   - build: What the plan came from.
    ///   - plan: The layers.
    ///   - control: What can be done to the command meanwhile, from other tasks.
    /// - Returns: How it ended.
    /// - Throws: As ``run(_:in:control:)``, and ``ContentsError`` for layers that do not go together.
    public func run(
        _ build: ImageBuild,
        as plan: LayerPlan,
        control: SandboxControl = SandboxControl()
    ) async throws -> SandboxEnding {
        let configuration = try build.template(for: plan).configuration.config ?? ContainerConfiguration()
        let entries = try await BlockingPool.withPool { _ in try await plan.tree() }
        return try await BlockingPool.withPool(width: 1) { _ in
            try run(configuration, on: entries, build.environment, control)
        }
    }

    private func run(
        _ configuration: ContainerConfiguration,
        on entries: [TreeEntry],
        _ environment: BuildEnvironment,
        _ control: SandboxControl
    ) throws -> SandboxEnding {
        let settings = environment.scripts
        let sandbox = try Sandbox(
            abilities: settings.abilities,
            mode: settings.mode,
            limits: SandboxLimits(),
            temporaryDirectory: environment.absolute(environment.temporaryDirectory)
        )
        let lookup = TreeLookup(entries)
        return try MaterialisedTree.with(LoopbackNames.added(to: entries, lookup), in: environment) { root in
            let accounts = ["/etc/passwd", "/etc/group"].map { Self.text(at: $0, lookup, below: root.lower[0]) }
            var program = try program(configuration, passwd: accounts[0], group: accounts[1])
            if network == .host { program.binds += Self.names(lookup) }
            return try sandbox.run(program, on: root, control: control, output: settings.output).ending
        }
    }

    /// What is run of an image with a configuration.
    ///
    /// - Parameters:
    ///   - configuration: The image's own.
    ///   - passwd: What its `/etc/passwd` holds.
    ///   - group: What its `/etc/group` holds.
    /// - Returns: The program as the sandbox takes it.
    /// - Throws: ``ImageRunFailure``.
    public func program(
        _ configuration: ContainerConfiguration,
        passwd: String = "",
        group: String = ""
    ) throws(ImageRunFailure) -> SandboxProgram {
        guard volumes.count <= Self.volumeLimit else { throw .tooManyVolumes(limit: Self.volumeLimit) }
        let arguments = arguments(configuration)
        guard let name = arguments.first, !name.isEmpty else { throw .noCommand }
        let user = try ImageUser(self.user ?? configuration.user ?? "", passwd: passwd, group: group)
        let environment = environment(configuration, home: user.home)
        let directory = workingDirectory ?? configuration.workingDir ?? ""
        var program = SandboxProgram(
            paths: Self.paths(of: name, environment),
            arguments: arguments,
            environment: environment,
            directory: directory.hasPrefix("/") ? directory : "/\(directory)"
        )
        program.makesDirectory = true
        program.user = user.user
        program.network = network
        program.binds = volumes
        program.streams = streams
        program.tellsChanges = false
        return program
    }

    private func arguments(_ configuration: ContainerConfiguration) -> [String] {
        if let entrypoint { return (entrypoint.isEmpty ? [] : [entrypoint]) + command }
        return (configuration.entrypoint ?? []) + (command.isEmpty ? configuration.cmd ?? [] : command)
    }

    private func environment(_ configuration: ContainerConfiguration, home: String?) -> [String] {
        let usual = ["PATH=\(Self.searchPath)", "HOSTNAME=drydock", "HOME=\(home ?? "/")"]
        var values: [String: String] = [:]
        var order: [String] = []
        for variable in usual + (configuration.env ?? []) + variables {
            let name = String(variable.prefix { $0 != "=" })
            if values.updateValue(variable, forKey: name) == nil { order.append(name) }
        }
        return order.compactMap { values[$0] }
    }

    /// Where a program may be: a name without slashes is looked for as a shell does.
    private static func paths(of name: String, _ environment: [String]) -> [String] {
        if name.contains("/") { return [name] }
        let prefix = "PATH="
        let path = environment.first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count) ?? ""
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }

    /// The text of a file of the image; empty if there is none that this user may read.
    private static func text(at path: String, _ lookup: TreeLookup, below root: String) -> String {
        guard let entry = lookup.entry(at: path), case .file(let content) = entry.node,
            content.size <= Int64(accountLimit),
            let file = try? OwnedDescriptor(opening: "\(root)/\(entry.path)", flags: 0)
        else { return "" }
        let buffer = AlignedBuffer(capacity: max(Int(content.size), 1))
        let count = try? unsafe file.read(into: buffer.storage, at: 0, path: path)
        buffer.count = count ?? 0
        return unsafe String(decoding: buffer.bytes, as: UTF8.self)
    }

    /// Files of this host by which names of the network are found, where the image has no links in their places.
    private static func names(_ lookup: TreeLookup) -> [SandboxProgram.Bind] {
        ["/etc/resolv.conf", "/etc/hosts"].compactMap { path in
            let own = lookup.entry(at: path)
            let isUsual = own == nil || own?.path == ByteString(String(path.dropFirst()))
            guard isUsual, (try? FileStatus(of: path))?.kind == .regular else { return nil }
            return SandboxProgram.Bind(source: path, path: path, isReadOnly: true)
        }
    }
}
