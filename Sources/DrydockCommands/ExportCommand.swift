// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockBytes
import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockPackages
import DrydockStorage
import Glibc

/// `drydock export`: the flattened root file system of an image.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an image's root file system as one tar, or into a directory.",
        discussion: """
            The layers are put on top of each other as a container has them: deleted files are left out. The tar's bytes \
            depend on nothing but the image.

            A path that ends with a slash is a directory; it must be new or empty. Nothing is written outside of it, \
            whatever the image holds. Owners, setuid and devices are kept for root; otherwise all files are your own.

            Examples:
              drydock export image.tar -o rootfs.tar
              drydock export oci:images:redis:latest -o - | docker import - redis:flat
              drydock export docker://redis:7 -o rootfs.tar.zst
              drydock export image.tar -o rootfs/
            """
    )

    @Argument(help: ArgumentHelp("The image.", valueName: "image"), completion: .file())
    var image: String

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            "A file, '-' for standard output, or a directory with a slash at its end.",
            valueName: "dest"
        ),
        completion: .file()
    )
    var output: String

    @Option(help: "Compression of the tar (default: what the file's suffix says, else none).")
    var compress: CompressionFormat?

    @OptionGroup var sources: ImageSourceOptions

    func run() async throws {
        let source = try sources.source(for: image)
        try await source.withImage(at: image) { stored in
            let directory = source.environment.temporaryDirectory
            try await write(try await ImageTree.entries(of: stored, temporaryDirectory: directory))
        }
    }

    private func write(_ entries: [TreeEntry]) async throws {
        if isDirectory { return try await writeDirectory(entries) }
        let archive = try TreeArchive(entries)
        if output == "-" {
            let standardOutput = OutputDescriptor.standardOutput
            guard standardOutput.terminalWidth == nil else { throw DeliveryError.terminal }
            return try await archive.write(to: standardOutput, compression: compression)
        }
        guard (try? FileStatus(of: output))?.kind ?? .regular == .regular else {
            throw DeliveryError.notARegularFile(output)
        }
        let destination = Destination(try ImageLocation(transport: .dockerArchive, path: output))
        try destination.refuseUnwrittenCompression()
        if let location = try? ImageLocation(image) { try destination.refuse(toReplace: [location.path]) }
        let file = try PendingFile(for: output)
        try await archive.write(to: OutputDescriptor(number: file.number, path: output), compression: compression)
        try file.commit()
    }

    private var isDirectory: Bool {
        output.hasSuffix("/") || (try? FileStatus(of: output))?.kind == .directory
    }

    private var compression: CompressionFormat {
        if let compress { return compress }
        if output.hasSuffix(".gz") || output.hasSuffix(".tgz") { return .gzip }
        return output.hasSuffix(".zst") ? .zstd : .none
    }

    /// Writes into a directory that has another name until it is complete.
    private func writeDirectory(_ entries: [TreeEntry]) async throws {
        let path = String(output.reversed().drop { $0 == "/" }.reversed())
        let target = NewDirectory(path: path.isEmpty ? "/" : path)
        let warnings = try await BlockingPool.withPool(width: 1) { _ in
            try target.make { try TreeUnpacking.usual.unpack(entries, into: $0).warnings }
        }
        try Output.warnings(warnings)
    }
}

/// Which platform's image is meant.
struct PlatformOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Which of several images (default: this machine's).", valueName: "os/architecture[/variant]")
    )
    var platform: String?

    /// The image at a location.
    func image(at text: String, _ environment: BuildEnvironment) async throws -> StoredImage {
        let location = try ImageLocation(text)
        let wanted = try platform.map { try Platform($0) }
        return try await BlockingPool.withPool(width: 1) { _ in
            try StoredImage(at: location, platform: wanted, temporaryDirectory: environment.temporaryDirectory)
        }
    }
}

/// A directory that is complete under its name, or is not there.
private struct NewDirectory {
    let path: String

    /// Makes the directory by what `body` puts into it.
    func make<Result>(_ body: (borrowing HostDirectory) throws -> Result) throws -> Result {
        let slash = path.lastIndex(of: "/")
        let parentPath = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = ByteString(slash.map { String(path[path.index(after: $0)...]) } ?? path)
        let parent = try HostDirectory(parentPath)
        try removeEmpty(name, in: parent)
        let temporary = ByteString(".drydock.\(getpid()).\(UInt32.random(in: 0...UInt32.max))")
        let directory = try parent.makeDirectory(temporary, mode: 0o755)
        do {
            let result = try body(directory)
            try parent.rename(temporary, to: name)
            return result
        } catch {
            try? parent.removeTree(temporary)
            throw error
        }
    }

    private func removeEmpty(_ name: ByteString, in parent: borrowing HostDirectory) throws {
        guard (try? parent.status(of: name, followingLinks: false)) != nil else { return }
        let existing = try HostDirectory(name, in: parent, followingLinks: false)
        guard try existing.names().isEmpty else { throw ExportFailure.notEmpty(path) }
        try parent.removeTree(name)
    }
}

/// A directory that cannot be exported to.
enum ExportFailure: Error, CustomStringConvertible {
    case notEmpty(String)

    var description: String {
        switch self {
        case .notEmpty(let path): "Cannot export to '\(path)/': it is not empty\nhint: choose a new directory"
        }
    }
}
