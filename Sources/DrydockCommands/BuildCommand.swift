// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import DrydockBuild
public import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockStorage

/// `drydock build`: a spec becomes an image.
struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build an image from a spec.",
        discussion: """
            DEST is docker-archive:PATH[:NAME:TAG], oci:DIR[:TAG], oci-archive:PATH[:TAG], docker://REF for a registry, \
            docker-daemon:NAME[:TAG], a path, or '-' for standard output. A path is an image layout if it is a directory \
            or ends with a slash, and otherwise a docker-archive.

            Examples:
              drydock build redis.yaml
              drydock build redis.yaml -o - | docker load
              drydock build redis.yaml -o oci:images --compress zstd
            """
    )

    @OptionGroup var spec: SpecOptions

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            "Where the image goes (default: a docker-archive named after the image).",
            valueName: "dest"
        ),
        completion: .file()
    )
    var output: String?

    @Flag(help: "Load the image into the local daemon, as -o docker-daemon:NAME:TAG does.")
    var load = false

    @Option(
        help: """
            Compression: of a docker-archive as a whole (default: what the file's suffix says, else none), or of the \
            layers of an image layout (default: gzip). Overrides the spec's 'compressor'.
            """
    )
    var compress: CompressionFormat?

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let spec = try spec.load()
        let reference = try output.flatMap { try RemoteImage.reference(in: $0) }?.named(by: spec)
        let access = try registry.access(for: reference?.registry ?? spec.baseRegistry)
        let build = ImageBuild(
            spec: spec,
            environment: try store.environment(access, fetchesImages: spec.baseRegistry != nil, progress: work.progress)
        )
        if let reference { return try await push(build, to: reference, access) }
        let destination = try destination(build.spec)
        if destination.path == "-", json { throw OptionConflict.jsonOnStandardOutput }
        try destination.refuse(toReplace: [self.spec.path])
        try await BuildRun(build: build, destination: destination, work: work).finish(asJSON: json)
    }

    /// Builds into a registry.
    private func push(_ build: ImageBuild, to reference: ImageReference, _ access: RegistryAccess) async throws {
        let plan = try await build.plan()
        try Output.notes(plan.notes)
        try Output.warnings(plan.warnings)
        let local = try store.cache.workingStore()
        let wanted = compress ?? build.spec.compressor.map(CompressionFormat.init) ?? .gzip
        let progress = work.progress.display(plan.layers.map { (size: $0.size, title: $0.createdBy) }, passes: 1)
        let image = try await access.withClient { client in
            var target = PushTarget(reference, client: client, store: local)
            target.compression = wanted
            return try await progress.during {
                try await build.push(plan, to: target, width: work.jobs, progress: progress.counter)
            }
        }
        try Output.warnings(build.environment.memory.warnings)
        if json { return try Output.json(ImageReport(image).json) }
        try Output.text(ImageReport(image).text + "\npushed to \(reference.withDefaultTag)\n")
    }

    private func destination(_ spec: ImageSpec) throws -> Destination {
        if load {
            guard output == nil else { throw OptionConflict.loadWithOutput }
            return Destination(daemon: try DaemonImageText.endpoint())
        }
        if let image = try output.flatMap({ try DaemonImageText($0) }) { return try image.destination() }
        let wanted = spec.compressor.map(CompressionFormat.init)
        let location = try ImageLocation(output ?? spec.defaultFileName(compress ?? wanted ?? .none))
        if location.looksLikeImageName { throw OptionConflict.imageNameAsOutput(location.path) }
        let destination = Destination(location)
        try destination.refuseUnwrittenCompression()
        // What is written on the command line counts more than the spec.
        let compression = compress ?? destination.suggestedCompression ?? wanted
        return compression.map(destination.compressed) ?? destination
    }
}

/// One build from its plan to its report.
struct BuildRun {
    let build: ImageBuild
    let destination: Destination
    let work: WorkOptions

    /// Plans, delivers, and tells what came out.
    func finish(asJSON json: Bool) async throws {
        let plan = try await build.plan()
        try Output.notes(plan.notes)
        try Output.warnings(plan.warnings)
        try destination.refuse(toReplace: plan.layers.flatMap(\.paths).map(build.environment.absolute))
        let progress = work.progress.display(
            plan.layers.map { ($0.size, $0.createdBy) },
            passes: destination.passes
        )
        let image = try await progress.during {
            try await build.deliver(plan, to: destination, width: work.jobs, progress: progress.counter)
        }
        try Output.warnings(build.environment.memory.warnings)
        if json { return try Output.json(ImageReport(image).json) }
        let isStream = destination.isStandardOutput
        let end = (destination.daemon == nil ? "written to " : "loaded into ") + destination.title
        try Output.text(ImageReport(image).text + "\n\(end)\n", toStandardError: isStream)
    }
}

/// Options that do not go together.
enum OptionConflict: Error, CustomStringConvertible {
    case jsonOnStandardOutput
    case loadWithOutput
    case daemonWithoutName
    case formatOfDockerArchive
    case noRegistry
    case wholeIndexChanged
    case indexInDockerArchive
    case imageNameAsOutput(String)
    case planToFile(String)
    case tagsOfImage(String)
    case outputIsInput(String)
    case unwrittenCompression(String)

    var description: String {
        switch self {
        case .loadWithOutput: "The image goes to one place: expected --load or -o, got both"
        case .planToFile(let text):
            "Cannot plan a push to '\(text)': it is not in a registry\nhint: write 'docker://REF'"
        case .tagsOfImage(let text):
            "Cannot list the tags of '\(text)': it names one image\nhint: leave out the tag and the digest"
        case .outputIsInput(let path):
            "'\(path)' is what the image is made of, and the image would take its place\nhint: name another file with -o"
        case .unwrittenCompression(let path):
            "'\(path)' promises a compression that is only read\nhint: write '.tar', '.tar.gz' or '.tar.zst'"
        case .daemonWithoutName: "'docker-daemon:' names no image\nhint: write 'docker-daemon:NAME:TAG'"
        case .jsonOnStandardOutput:
            "The image and the report of --json cannot both go to standard output\nhint: write the image to a file with -o"
        case .formatOfDockerArchive:
            "A docker-archive holds no manifest, so '--format' has nothing to say there\n"
                + "hint: write 'oci:DIR' or 'oci-archive:PATH', or leave the option out"
        case .wholeIndexChanged:
            "An index with all of its images goes to a registry, an image layout or an oci-archive, in its own form\n"
                + "hint: write 'docker://REF', 'oci:DIR' or 'oci-archive:PATH' without --format and --squash, or choose "
                + "with --platform"
        case .indexInDockerArchive:
            "A docker-archive and a daemon hold images for one platform each, and no index\n"
                + "hint: write 'docker://REF', 'oci:DIR' or 'oci-archive:PATH'"
        case .noRegistry:
            "'--username' and '--insecure' are for one registry, and no image of a registry is named"
        case .imageNameAsOutput(let name):
            "'\(name)' reads like the name of an image, and -o wants to know where the image goes\n"
                + "hint: write \(Self.push(to: name))'docker-archive:FILE:\(name)' for an archive with that image, or "
                + "'./\(name)' for a file of that name"
        }
    }
}

extension OptionConflict {
    /// How an image is pushed to a name that begins with a registry; empty for other names.
    private static func push(to name: String) -> String {
        guard let slash = name.firstIndex(of: "/") else { return "" }
        let host = name[..<slash]
        let isRegistry = host == "localhost" || host.contains { $0 == "." || $0 == ":" }
        return isRegistry ? "'docker://\(name)' to push it there, " : ""
    }
}

extension Destination {
    /// Refuses to put an image in the place of something that it is made of.
    ///
    /// - Parameter inputs: Paths of this host; those that do not exist do not count.
    /// - Throws: ``OptionConflict/outputIsInput(_:)``.
    func refuse(toReplace inputs: [String]) throws {
        guard transport != .ociLayout, daemon == nil, !isStandardOutput,
            let status = try? FileStatus(of: path, followingLinks: false)
        else { return }
        for input in inputs where (try? FileStatus(of: input))?.identity == status.identity {
            throw OptionConflict.outputIsInput(path)
        }
    }

    /// Refuses names of archives that would promise what is not written.
    func refuseUnwrittenCompression() throws {
        guard transport != .ociLayout, daemon == nil else { return }
        if path.hasSuffix(".xz") || path.hasSuffix(".bz2") { throw OptionConflict.unwrittenCompression(path) }
    }
}

extension CompressionFormat: ExpressibleByArgument {
    /// One of the formats that are written.
    public init?(argument: String) {
        guard let format = Self.written.first(where: { $0.rawValue == argument }) else { return nil }
        self = format
    }

    /// The names of the formats that are written.
    public static var allValueStrings: [String] { written.map(\.rawValue) }
}

extension ImageLocation {
    /// Whether a bare path is a name with a tag, as `hello:latest`, and no file has it yet.
    var looksLikeImageName: Bool {
        guard transport == nil, path.contains(":"), !path.hasPrefix("/"), !path.hasPrefix("."),
            (try? ImageReference(path))?.tag != nil
        else { return false }
        return (try? FileStatus(of: path)) == nil
    }
}

extension CompressionFormat {
    /// The format by dockerTools' name.
    init(_ compressor: ImageSpec.Compressor) {
        self =
            switch compressor {
            case .none: .none
            case .gz: .gzip
            case .zstd: .zstd
            }
    }
}

extension ImageSpec {
    /// The registry of the base image; nil if it is not in one.
    var baseRegistry: String? {
        get throws { try fromImage.flatMap { try RemoteImage.reference(in: $0) }?.registry }
    }

    /// The file that an image goes to if nobody says where: the last part of its name, and `.tar`.
    fileprivate func defaultFileName(_ compression: CompressionFormat) -> String {
        "\(name.split(separator: "/").last ?? "image").tar\(compression.fileExtension)"
    }
}
