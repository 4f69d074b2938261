// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Builds with the Nix library, on packages made from Debian's, in Nix' sandbox.
enum LibraryBuilds {
    /// The directory of the checkout.
    static var checkout: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    /// The variables for Nix: its sandbox is on, and shows of this machine only what the command itself needs.
    static func environment() async throws -> [String: String] {
        let program = try Drydock.path
        let libraries = try await Command.check(["ldd", program]).split(separator: "\n")
            .compactMap { $0.split(separator: " ").first { $0.hasPrefix("/") } }
            .map { URL(fileURLWithPath: String($0)).deletingLastPathComponent().path }
        let directory = URL(fileURLWithPath: program).deletingLastPathComponent().path
        let visible = Set(libraries + ["/lib", "/lib64", "/usr/lib", directory]).sorted().joined(separator: " ")
        let settings = [
            "build-users-group =", "substituters =", "sandbox = true", "sandbox-fallback = false",
            "sandbox-paths = \(visible)", "max-jobs = 2", "experimental-features = nix-command",
        ]
        return ["NIX_CONFIG": settings.joined(separator: "\n")]
    }

    /// The arguments that the files of Nix expressions take.
    static func arguments() async throws -> [String] {
        let closures = try await NixClosures.shared.directory
        let program = try Drydock.path
        let digest = try await Command.check(["sha256sum", program]).prefix(64)
        return [
            "--argstr", "lockFile", closures + ".lock.json",
            "--argstr", "packages", URL(fileURLWithPath: closures).deletingLastPathComponent().path + "/packages",
            "--argstr", "program", program, "--argstr", "digest", String(digest),
        ]
    }

    /// Builds an example, or an attribute of one, and gives its store path.
    static func example(_ name: String) async throws -> String { try await build("images." + name) }

    /// Builds an attribute of the tests' file of Nix, and gives its store path.
    static func build(_ attribute: String) async throws -> String {
        try await Command.check(
            command(["--quiet", "--attr", attribute]),
            environment: environment(),
            timeout: 1200
        )
    }

    /// Builds what another file of Nix expressions beside it describes, and gives its store path.
    ///
    /// - Parameters:
    ///   - name: The file's name.
    ///   - options: Beside the usual ones.
    ///   - sandbox: Nix' setting of that name.
    /// - Returns: The store path.
    /// - Throws: ``Command/Failure`` if it fails.
    static func build(file name: String, options: [String] = [], sandbox: String = "true") async throws -> String {
        let command = ["nix-build", "--no-out-link", "--quiet", fixtures + name] + options
        var environment = try await environment()
        environment["NIX_CONFIG", default: ""] += "\nsandbox = \(sandbox)"
        return try await Command.check(command + arguments(), environment: environment, timeout: 1200)
    }

    /// Runs nix-build on the tests' file of Nix.
    ///
    /// - Parameters:
    ///   - options: Beside the usual ones.
    ///   - directories: Directories of this machine that builds see, beside the command's.
    ///   - variables: Variables of the environment, beside those for Nix.
    /// - Returns: What it wrote.
    /// - Throws: ``Command/Failure`` if it cannot be started.
    static func run(
        _ options: [String],
        showing directories: [String] = [],
        variables: [String: String] = [:]
    ) async throws -> Command.Output {
        var environment = try await environment().merging(variables) { _, new in new }
        environment["NIX_CONFIG", default: ""] += "\nextra-sandbox-paths = \(directories.joined(separator: " "))"
        return try await Command.run(command(options), environment: environment, timeout: 1200)
    }

    private static func command(_ options: [String]) async throws -> [String] {
        try await ["nix-build", "--no-out-link", fixtures + "images.nix"] + arguments() + options
    }

    private static var fixtures: String { checkout + "/Tests/NixLibraryTests/Fixtures/" }
}

/// An image of the examples.
struct LibraryImage: Sendable {
    /// The archive, or the program that writes it.
    let path: String
    /// Name and tag as they follow from the arguments.
    let reference: String
    /// Whether `path` is a program.
    let isStream: Bool

    init(_ json: JSON) throws {
        path = try #require(json["path"]?.string)
        reference = "\(try #require(json["name"]?.string)):\(try #require(json["tag"]?.string))"
        isStream = json["isStream"] == .boolean(true)
    }

    /// All examples, built at most once in a test process.
    static func named(_ name: String) async throws -> LibraryImage {
        let images = try await builds.images()
        return try LibraryImage(try #require(images[name], "there is no example '\(name)'"))
    }

    /// An example that was loaded into the daemon.
    static func loaded(_ name: String, as reference: String? = nil) async throws -> LoadedImage {
        try await builds.loaded(name, as: reference)
    }

    private static let builds = Builds()

    private actor Builds {
        private var building: Task<JSON, any Error>?
        private var loading: [String: Task<LoadedImage, any Error>] = [:]

        func images() async throws -> JSON {
            if let building { return try await building.value }
            let task = Task {
                let file = try await LibraryBuilds.build("json")
                return try JSON(Array(Data(contentsOf: URL(filePath: file))))
            }
            building = task
            return try await task.value
        }

        func loaded(_ name: String, as reference: String?) async throws -> LoadedImage {
            let key = "\(name) \(reference ?? "")"
            if let task = loading[key] { return try await task.value }
            let task = Task { try await LibraryImage.named(name).load(as: reference) }
            loading[key] = task
            return try await task.value
        }
    }

    /// Whether the file begins as one that is compressed with zstd; that of several images has no suffix.
    private var isZstandard: Bool {
        get throws {
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? file.close() }
            return try file.read(upToCount: 4) == Data([0x28, 0xB5, 0x2F, 0xFD])
        }
    }

    /// Loads it into the daemon of the tests; a program can be told another name.
    private func load(as name: String?) async throws -> LoadedImage {
        let docker = try await DockerDaemon.shared.client()
        if try isZstandard {
            // Docker itself reads zstd since version 23.
            return LoadedImage(docker: docker, references: try await docker.load(streamOf: ["zstd", "-dcq", path]))
        }
        guard isStream else {
            return LoadedImage(docker: docker, references: try await docker.load(path))
        }
        let options = ["--progress", "none"] + (name.map { ["-t", $0] } ?? [])
        let command = ["env", "DRYDOCK_CACHE=\(NSTemporaryDirectory())/drydock-library-cache", path] + options
        return LoadedImage(docker: docker, references: try await docker.load(streamOf: command))
    }
}

/// An image in the daemon of the tests.
struct LoadedImage: Sendable {
    let docker: Docker
    /// What the daemon said that it loaded.
    let references: [String]

    /// The first of them.
    var name: String { references.first ?? "" }

    /// Runs a container to its end and gives what it wrote.
    func run(_ arguments: [String] = [], options: [String] = []) async throws -> String {
        try await docker.run(image: name, arguments, options: options)
    }

    /// Whether a container with its default command ends well.
    func runs(options: [String] = []) async throws -> Bool {
        (try? await docker.run(image: name, options: options)) != nil
    }

    /// What the daemon knows of it.
    func inspect() async throws -> JSON { try JSON(Array(try await docker.inspect(name))) }

    /// The digests of its uncompressed layers.
    func diffIDs() async throws -> [String] {
        try await inspect()["RootFS"]?["Layers"]?.elements.compactMap(\.string) ?? []
    }

    /// The names in the file system of a container that never ran.
    func fileNames() async throws -> [String] {
        let container = try await docker.check(["create", name, "/none"])
        return try await withTemporaryDirectory { directory in
            let file = directory + "/root.tar"
            try await docker.check(["export", "--output", file, container])
            try await docker.check(["rm", container])
            return try await Command.check(["tar", "--list", "--file", file]).split(separator: "\n").map(String.init)
        }
    }
}
