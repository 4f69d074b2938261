// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockStorage
import Glibc

/// Packs a plan's layers into a destination, and completes the image there.
struct Delivery: Sendable {
    let plan: LayerPlan
    let template: ImageTemplate
    /// Seconds since 1970, for the members of archives.
    let modificationTime: Int64
    /// The number of threads.
    let width: Int
    let progress: ProgressCounter

    /// Delivers the image; under its final name it is complete or absent.
    func deliver(to destination: Destination) async throws -> BuiltImage {
        switch destination.transport {
        case .ociLayout: try await deliver(toLayout: destination)
        case .dockerArchive, .ociArchive: try await deliver(toArchive: destination)
        }
    }

    // MARK: Archives

    private func deliver(toArchive destination: Destination) async throws -> BuiltImage {
        let writer = try writer(for: destination)
        if destination.path == "-" {
            let output = OutputDescriptor.standardOutput
            guard output.terminalWidth == nil else { throw DeliveryError.terminal }
            return try await stream(writer, destination, to: output)
        }
        try refuseSpecialFile(destination.path)
        if destination.archiveCompression == .none {
            if writer.layerCompression == .none { return try await writer.writePlaced(to: destination.path) }
            if writer.canAppend { return try await writer.writeAppended(to: destination.path) }
        }
        let file = try PendingFile(for: destination.path)
        let output = OutputDescriptor(number: file.number, path: destination.path)
        let image = try await stream(writer, destination, to: output)
        try file.commit()
        return image
    }

    private func stream(
        _ writer: ArchiveWriter,
        _ destination: Destination,
        to output: OutputDescriptor
    ) async throws -> BuiltImage {
        switch destination.archiveCompression {
        case .none: try await writer.stream(to: output)
        default: try await writer.streamCompressed(destination.archiveCompression, to: output)
        }
    }

    private func writer(for destination: Destination) throws -> ArchiveWriter {
        let isDocker = destination.transport == .dockerArchive
        let template = isDocker ? try template.named(destination.reference) : template
        return ArchiveWriter(
            plan: plan,
            template: template,
            form: isDocker ? .dockerArchive : .ociArchive(referenceName: destination.reference),
            layerCompression: isDocker ? .none : destination.layerCompression,
            modificationTime: modificationTime,
            width: width,
            progress: progress
        )
    }

    /// A file that takes the place of a device would do harm; and a name that cannot be is known before the work.
    private func refuseSpecialFile(_ path: String) throws {
        let status: FileStatus
        do { status = try FileStatus(of: path) } catch {
            // A link in a circle is replaced as any other link is.
            if error.errorNumber == ENOENT || error.errorNumber == ELOOP { return }
            throw SystemError("create", path, errorNumber: error.errorNumber)
        }
        switch status.kind {
        case .regular: return
        case .directory: throw DeliveryError.directory(path)
        default: throw DeliveryError.notARegularFile(path)
        }
    }

    // MARK: Layouts

    private func deliver(toLayout destination: Destination) async throws -> BuiltImage {
        let layout = try ImageLayout(creating: destination.path)
        do {
            let image = template.image(layers: try await pack(into: layout, destination.layerCompression))
            try layout.addBlob(image.configurationBytes)
            try layout.addBlob(image.manifestBytes)
            try layout.addImage(image.layoutDescriptor, referenceName: destination.reference ?? image.references.first)
            return image
        } catch {
            // What was there before stays; what this build has added for nothing goes again.
            try? layout.discardAdditions()
            throw error
        }
    }

    private func pack(into layout: ImageLayout, _ compression: CompressionFormat) async throws -> [PackedLayer] {
        let packer = LayerPacker(compression: compression, workers: width, progress: progress)
        return try await PackingCrew(width: width, progress: progress).pack(plan) { _, content in
            if compression == .none, let diffID = content.diffID {
                let known = PackedLayer(uncompressed: diffID, size: content.size)
                if try layout.hasBlob(known.descriptor) {
                    packer.progress.add(Int(content.size))
                    return known
                }
            }
            let blob = try layout.beginBlob()
            if compression == .none { try blob.output.reserve(content.size) }
            var output = BlobOutput(blob.output)
            let packed = try await unsafe packer.pack(content) { try unsafe output.write($0) }
            try blob.commit(digest: packed.descriptor.digest, size: packed.descriptor.size)
            return packed
        }
    }
}
