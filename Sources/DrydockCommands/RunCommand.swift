// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockSandbox
import DrydockStorage
import Foundation

/// `drydock run`: an image's command, without any daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run an image's command in a sandbox, without any daemon.",
        usage: "drydock run [<options>] <image> [<options>] [--] [<command> ...]",
        discussion: """
            A spec is built first, as 'drydock build' would, but the image is written nowhere: its command runs on what its \
            layers would hold. Store options are for specs.

            The command sees the image's files and nothing of this host, and its changes are gone when it ends. It is \
            what the image's configuration says (Entrypoint, Cmd, Env, WorkingDir, User), unless options say otherwise. On a \
            terminal it has one of its own; otherwise it has these standard streams. SIGINT and SIGTERM are passed on.

            Everything from the first word after IMAGE on is the command, with its options; options of drydock stand \
            before it. '--' may stand between the two, and must where the command begins with '-'. --rm, -i and -t of \
            other programs are taken, and change nothing: it is so without them.

            The exit status is the command's: 128 and the signal's number if a signal ended it, 126 if it cannot be \
            started, 127 if it is not there.

            Examples:
              drydock run image.tar
              drydock run docker://redis:7 redis-server --version
              drydock run redis.yaml /usr/bin/redis-server --version
              drydock run image.tar --user 1000 -- /bin/sh -c 'id; ls /'
              drydock run -v ./data:/data --network host oci:images:redis:latest
              drydock run --debug /tmp/drydock-failed-runAsRoot-1234
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The image; or a spec: a YAML or JSON file, or '-' for standard input.",
            valueName: "image"
        ),
        completion: .file()
    )
    var image: String

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("What is run instead of the image's Cmd.", valueName: "command")
    )
    var command: [String] = []

    @Option(help: "Instead of the image's Entrypoint; then its Cmd does not count, either.")
    var entrypoint: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("A variable; without a value it has the one that it has here.", valueName: "name[=value]")
    )
    var env: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Instead of the image's User.", valueName: "user[:group]"))
    var user: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Instead of the image's WorkingDir; made if it is missing.", valueName: "path")
    )
    var workdir: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("A file or directory of this host.", valueName: "host:path[:ro]"),
        completion: .file()
    )
    var volume: [Volume] = []

    @Option(help: "The network: none but the loopback interface, or that of this host.")
    var network = NetworkChoice.none

    @Flag(help: "The image is the directory that '--keep-failed' told of: open a shell in it.")
    var debug = false

    /// What other programs want to be told; here it is always so.
    @Flag(name: [.customLong("rm")], help: .hidden)
    var removesContainer = false

    @Flag(name: [.customShort("i"), .customLong("interactive")], help: .hidden)
    var isInteractive = false

    @Flag(name: [.customShort("t"), .customLong("tty")], help: .hidden)
    var hasTerminal = false

    @OptionGroup var selection: PlatformOption

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    func validate() throws {
        if debug, !command.isEmpty { throw ValidationError("'--debug' opens a shell and takes no command") }
        guard !debug, SpecFile.isMeant(by: image), selection.platform != nil else { return }
        throw ValidationError("'--platform' chooses one of several images, and a spec says itself what it is for")
    }

    func run() async throws {
        do {
            let ending = try await ending()
            guard ending.exitCode == 0 else { throw ExitCode(ending.exitCode) }
        } catch let failure as SandboxFailure {
            guard case .notExecutable(_, let errorNumber) = failure.code else { throw failure }
            try Output.text("Error: \(failure)\n", toStandardError: true)
            throw ExitCode(errorNumber == ENOENT ? Self.notFound : Self.notExecutable)
        }
    }

    /// As shells have it, and as container engines do.
    private static let notFound: Int32 = 127
    private static let notExecutable: Int32 = 126

    private func ending() async throws -> SandboxEnding {
        if !debug, SpecFile.isMeant(by: image) { return try await endingOfSpec() }
        var environment = try BuildEnvironment.current()
        environment.scripts = try store.scripts.settings(Self.variables)
        let request = request(environment)
        if debug {
            let path = environment.absolute(image)
            let kept = try FailedScript(keptIn: path, temporaryDirectory: environment.temporaryDirectory)
            return try await kept.open(in: environment, streams: request.streams, control: Self.controlled())
        }
        let remote = try registry.images(named: [image], keptIn: store.cache)
        let source = ImageSource(selection: selection, environment: environment, remote: remote)
        return try await source.withImage(at: image) { [environment] stored in
            // Until here a signal ends the fetching.
            try await request.run(stored, in: environment, control: Self.controlled())
        }
    }

    private func endingOfSpec() async throws -> SandboxEnding {
        let spec = try SpecFile(path: image).load()
        let environment = try store.environment(
            try registry.access(for: spec.baseRegistry),
            fetchesImages: spec.baseRegistry != nil
        )
        let build = ImageBuild(spec: spec, environment: environment)
        let plan = try await build.plan()
        try Output.notes(plan.notes)
        try Output.warnings(plan.warnings)
        try Output.warnings(environment.memory.warnings)
        // Until here a signal ends the build.
        return try await request(environment).run(build, as: plan, control: Self.controlled())
    }

    private static let variables = ProcessInfo.processInfo.environment

    /// What passes signals on to the command from now on.
    private static func controlled() -> SandboxControl {
        let control = SandboxControl()
        Interruption.current?.handOver { control.send(signal: $0) }
        return control
    }

    private func request(_ environment: BuildEnvironment) -> ImageRun {
        var run = ImageRun()
        run.command = command
        run.entrypoint = entrypoint
        run.user = user
        run.workingDirectory = workdir
        let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let terminal = isTerminal ? Self.variables["TERM"].map { ["TERM=\($0)"] } ?? [] : []
        run.variables =
            terminal
            + env.compactMap { variable in
                if variable.contains("=") { return variable }
                return Self.variables[variable].map { "\(variable)=\($0)" }
            }
        run.volumes = volume.map { $0.bind(in: environment.workingDirectory) }
        run.network = network == .host ? .host : .none
        run.streams = isTerminal ? .terminal : .inherited
        return run
    }
}

/// A network by its name.
enum NetworkChoice: String, ExpressibleByArgument, CaseIterable {
    case none
    case host
}

/// `HOST:PATH[:ro]`: something of this host, and where it appears.
struct Volume: ExpressibleByArgument {
    private let source: String
    private let path: String
    private let isReadOnly: Bool

    /// Nil if a part is missing, or the path is not absolute.
    init?(argument: String) {
        var parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        isReadOnly = parts.count == 3 && parts[2] == "ro"
        if parts.count == 3, ["ro", "rw"].contains(parts[2]) { parts.removeLast() }
        guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("/") else { return nil }
        guard !parts[1].split(separator: "/").isEmpty else { return nil }
        (source, path) = (parts[0], parts[1])
    }

    func bind(in directory: String) -> SandboxProgram.Bind {
        SandboxProgram.Bind(
            source: source.hasPrefix("/") ? source : "\(directory)/\(source)",
            path: path,
            isReadOnly: isReadOnly
        )
    }
}
