// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockFiles

/// Finds everything that executables of a host need to start, without running them.
///
/// For an ELF file these are its interpreter and every library that the interpreter would load: found as glibc's or
/// musl's loader finds it, but without the environment, without `/etc/ld.so.preload`, without the cache (the
/// configuration is read instead), and without the variants of libraries for newer processors (`glibc-hwcaps`), so
/// that the result depends on nothing but the files of the host. A script brings its interpreter; `/usr/bin/env NAME`
/// also brings the command.
///
/// What a program opens later by itself is not known beforehand: name plugins and `libnss_*` in the patterns.
///
/// ```swift
/// let resolver = ExecutableResolver(machine: try Machine(architecture: "amd64"))
/// let closure = try resolver.closure(of: ["/usr/bin/redis-server"], opening: ["/usr/lib/*/libnss_files.so.2"])
/// ```
public struct ExecutableResolver: Sendable {
    let host: HostRoot
    private let machine: Machine

    /// A resolver for the executables of a host.
    ///
    /// - Parameters:
    ///   - root: A directory that is taken for the root of the host; links never lead out of it.
    ///   - machine: The machine that every file must be for.
    public init(root: String = "/", machine: Machine) {
        host = HostRoot(root)
        self.machine = machine
    }

    /// The executables with everything that they need to start.
    ///
    /// - Parameters:
    ///   - executables: Absolute paths of programs, scripts or libraries.
    ///   - patterns: Absolute patterns (`*`, `?`, `[…]`) of libraries that the programs open while they run.
    /// - Returns: All files, and the links that lead to them.
    /// - Throws: ``PathFailure``, ``ExecutableFailure``, ``ELFFailure``, ``LoaderConfigurationFailure``, or
    ///   ``MissingLibraries`` with all libraries that are not found.
    public func closure(of executables: [ByteString], opening patterns: [ByteString] = []) throws -> ExecutableClosure {
        try closure(of: executables.map { RequestedExecutable(path: $0) }, opening: patterns)
    }

    /// The executables, some at other places than on the host, with everything that they need to start there.
    ///
    /// A script moves alone; its interpreter stays at its path.
    ///
    /// - Parameters:
    ///   - executables: Programs, scripts or libraries, with their places in the image.
    ///   - patterns: Absolute patterns (`*`, `?`, `[…]`) of libraries that the programs open while they run.
    /// - Returns: All files, and the links that lead to them.
    /// - Throws: What ``closure(of:opening:)-([ByteString],_)`` throws; ``ExecutableFailure`` also when two files go to
    ///   one place, or when a library leaves the image's root.
    public func closure(
        of executables: [RequestedExecutable],
        opening patterns: [ByteString] = []
    ) throws -> ExecutableClosure {
        var start = ProgramStart(host: host, machine: machine)
        for executable in executables { try start.program(executable, .requested) }
        for pattern in patterns { try start.libraries(matching: pattern) }
        guard start.missing.isEmpty else { throw MissingLibraries(libraries: start.missing) }
        return start.collection.closure
    }
}

/// Follows what happens when programs are started, and collects what is needed for it.
private struct ProgramStart {
    private(set) var collection: ClosureCollection
    private(set) var missing: [MissingLibrary] = []
    private var processes: [LoaderProcess] = []
    /// Programs that have been followed, by their path without links, and their place if they move.
    private var started: Set<RequestedExecutable> = []
    private var glibc: GlibcSearch?

    init(host: HostRoot, machine: Machine) {
        collection = ClosureCollection(host: host, machine: machine)
    }

    /// Follows the start of a file to which `scripts` led, the last `depth` of them in one go of the kernel.
    mutating func program(
        _ executable: RequestedExecutable,
        _ reason: ExecutableClosure.Reason,
        scripts: [ByteString] = [],
        depth: Int = 0
    ) throws {
        let path = executable.path
        let resolution = try regularFile(at: path)
        guard !scripts.contains(resolution.path) else { throw ExecutableFailure(.interpretsItself, path: path) }
        let placement = executable.place.map {
            ClosureCollection.Placement(source: resolution.path, place: $0, links: [])
        }
        try collection.add(placement ?? ClosureCollection.Placement(resolution), reason)
        let start = try collection.host.open(resolution).prefix(Shebang.lineLimit)
        if Shebang.isScript(start) {
            guard depth < Shebang.depthLimit else { throw ExecutableFailure(.tooManyInterpreters, path: path) }
            guard let line = Shebang(start) else { throw ExecutableFailure(.malformedScript, path: path) }
            try script(line, resolution, path, scripts + [resolution.path], depth + 1)
        } else if ELFHeader.isELF(start) {
            let file = try collection.elfOfMachine(at: resolution, named: path)
            let program = RequestedExecutable(path: resolution.path, place: executable.place)
            if started.insert(program).inserted { try elf(file, program, named: path) }
        } else {
            throw ExecutableFailure(.unknownFormat, path: path)
        }
    }

    /// Follows the opening of the libraries that match a pattern, in every program that was started.
    mutating func libraries(matching pattern: ByteString) throws {
        let paths = try collection.host.paths(matching: pattern)
        guard !paths.isEmpty else { throw ExecutableFailure(.matchesNothing, path: pattern) }
        for path in paths {
            let resolution = try regularFile(at: path)
            try collection.add(ClosureCollection.Placement(resolution), .matches(pattern))
            let file = try collection.elfOfMachine(at: resolution, named: path)
            if processes.isEmpty {
                try library(file, RequestedExecutable(path: resolution.path))
            } else {
                try open(path, resolution, file)
            }
        }
    }

    private func regularFile(at path: ByteString) throws -> HostRoot.Resolution {
        let resolution = try collection.host.resolve(path)
        if resolution.kind == .directory { throw ExecutableFailure(.directory, path: path) }
        guard resolution.kind == .regular else { throw ExecutableFailure(.notRegular, path: path) }
        return resolution
    }

    private mutating func script(
        _ line: Shebang,
        _ resolution: HostRoot.Resolution,
        _ path: ByteString,
        _ scripts: [ByteString],
        _ depth: Int
    ) throws {
        let reason = ExecutableClosure.Reason.interpreter(of: resolution.path)
        try requireInterpreter(line.interpreter, of: path)
        try program(RequestedExecutable(path: line.interpreter), reason, scripts: scripts, depth: depth)
        guard line.isEnv, let argument = line.argument else { return }
        guard let command = try EnvironmentCommand(argument, script: path) else { return }
        let commandPath = try self.path(of: command, script: path)
        // `env` makes a new start of its own, for which the kernel counts anew.
        try program(RequestedExecutable(path: commandPath), .command(of: resolution.path), scripts: scripts)
    }

    /// The file that `env` would start: the first one that may be executed.
    private func path(of command: EnvironmentCommand, script: ByteString) throws -> ByteString {
        if command.name.bytes.contains(UInt8(ascii: "/")) {
            try requireInterpreter(command.name, of: script)
            return command.name
        }
        let candidates = command.directories.map { $0.appending(command.name) }
        let found = candidates.first { path in
            guard let file = try? collection.host.resolve(path) else { return false }
            return file.kind == .regular && file.isExecutable
        }
        guard let found else {
            let reason = ExecutableFailure.Reason.commandNotFound(command.name, searched: command.directories)
            throw ExecutableFailure(reason, path: script)
        }
        return found
    }

    /// Checks that what starts a file is there, so that the error names both.
    private func requireInterpreter(_ interpreter: ByteString, of path: ByteString) throws(ExecutableFailure) {
        do {
            _ = try collection.host.resolve(interpreter)
        } catch {
            throw ExecutableFailure(.interpreter(error), path: path)
        }
    }

    /// Follows the start of an ELF file; `path` is its path in the user's words.
    private mutating func elf(_ file: ELFFile, _ program: RequestedExecutable, named path: ByteString) throws {
        guard let interpreter = file.interpreter else { return try library(file, program) }
        try requireInterpreter(interpreter, of: path)
        let loader = try regularFile(at: interpreter)
        try collection.add(ClosureCollection.Placement(loader), .interpreter(of: program.path))
        let loaderFile = try collection.elfOfMachine(at: loader, named: interpreter)
        let musl = try MuslSearch(interpreter: interpreter, host: collection.host)
        var process = LoaderProcess(
            file,
            at: program.path,
            interpreter: (interpreter, loader.path, loaderFile),
            search: try musl ?? glibcSearch(),
            place: program.place
        )
        note(try process.loadNeeds(into: &collection))
        processes.append(process)
    }

    /// Follows a file that is loaded without a known program: a library, or a static executable.
    private mutating func library(_ file: ELFFile, _ program: RequestedExecutable) throws {
        guard let dynamic = file.dynamic, !dynamic.needs.isEmpty else { return }
        let search = try glibcSearch()
        var process = LoaderProcess(file, at: program.path, interpreter: nil, search: search, place: program.place)
        note(try process.loadNeeds(into: &collection))
    }

    /// Opens a library in every program; what one of them has loaded already may be missing in another, which then
    /// is not the one that opens it.
    private mutating func open(_ path: ByteString, _ resolution: HostRoot.Resolution, _ file: ELFFile) throws {
        var common: [MissingLibrary]?
        for index in processes.indices {
            let missing = try processes[index].open(path, resolution, file, into: &collection)
            let others = Set(missing.map { [$0.name, $0.neededBy] })
            common = common.map { $0.filter { others.contains([$0.name, $0.neededBy]) } } ?? missing
        }
        note(common ?? [])
    }

    private mutating func note(_ libraries: [MissingLibrary]) {
        missing += libraries.filter { !missing.contains($0) }
    }

    private mutating func glibcSearch() throws -> GlibcSearch {
        if let glibc { return glibc }
        let search = try GlibcSearch(collection.machine, host: collection.host)
        glibc = search
        return search
    }
}
