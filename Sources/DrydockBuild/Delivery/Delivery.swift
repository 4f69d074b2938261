// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockStorage
import Glibc

/// Packs a payload's layers into a destination, and completes its images there.
struct Delivery<Payload: ImagePayload>: Sendable {
    let payload: Payload
    /// Seconds since 1970, for the members of archives.
    let modificationTime: Int64
    /// The number of threads.
    let width: Int
    let progress: ProgressCounter

    /// Delivers the images; under its final name the destination is complete or absent.
    func deliver(to destination: Destination) async throws -> [BuiltImage] {
        switch destination.transport {
        case .ociLayout: try await deliver(toLayout: destination)
        case .dockerArchive, .ociArchive: try await deliver(toArchive: destination)
        }
    }

    // MARK: Archives

    private func deliver(toArchive destination: Destination) async throws -> [BuiltImage] {
        let writer = ArchiveWriter(
            payload: payload,
            form: destination.transport == .dockerArchive
                ? .dockerArchive : .ociArchive(referenceName: destination.reference),
            modificationTime: modificationTime,
            width: width,
            progress: progress
        )
        if let daemon = destination.daemon { return try await deliver(writer, to: daemon) }
        if destination.path == "-" {
            let output = OutputDescriptor.standardOutput
            guard output.terminalWidth == nil else { throw DeliveryError.terminal }
            return try await stream(writer, destination, to: output)
        }
        try refuseSpecialFile(destination.path)
        if destination.archiveCompression == .none, let images = try await writeAtOnce(writer, to: destination.path) {
            return images
        }
        let file = try PendingFile(for: destination.path)
        let output = OutputDescriptor(number: file.number, path: destination.path)
        let images = try await stream(writer, destination, to: output)
        try file.commit()
        return images
    }

    /// Writes each layer where it belongs; nil if that turned out to be impossible, and nothing is left.
    private func writeAtOnce(_ writer: ArchiveWriter<Payload>, to path: String) async throws -> [BuiltImage]? {
        do {
            if let expected = payload.expectedLayers { return try await writer.writePlaced(expected, to: path) }
            return writer.canAppend ? try await writer.writeAppended(to: path) : nil
        } catch is HeaderOutgrown {
            return nil
        } catch is LayerRepeated {
            return nil
        }
    }

    private func stream(
        _ writer: ArchiveWriter<Payload>,
        _ destination: Destination,
        to output: OutputDescriptor
    ) async throws -> [BuiltImage] {
        guard destination.archiveCompression != .none else { return try await writer.stream(to: output) }
        return try await writer.streamCompressed(destination.archiveCompression, to: output)
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

    private func deliver(toLayout destination: Destination) async throws -> [BuiltImage] {
        let layout = try ImageLayout(creating: destination.path)
        do {
            let images = try payload.images(with: try await pack(into: layout)).map(\.image)
            for image in images {
                try layout.addBlob(image.configurationBytes)
                try layout.addBlob(image.manifestBytes)
            }
            if let graph = try payload.graph(of: images) {
                for document in graph.documents { try layout.addBlob(document.bytes) }
                try layout.addEntries(graph.entries)
                return images
            }
            for image in images {
                for name in image.layoutNames(overriddenBy: destination.reference) {
                    try layout.addImage(image.layoutDescriptor, referenceName: name)
                }
            }
            return images
        } catch {
            // What was there before stays; what this build has added for nothing goes again.
            try? layout.discardAdditions()
            throw error
        }
    }

    private func pack(into layout: ImageLayout) async throws -> [PackedLayer] {
        try await PackingCrew(width: width, progress: progress).pack(payload.layerSizes) { [payload, progress] number in
            let known = payload.knownLayer(number)
            if let known, try layout.hasBlob(known.descriptor) {
                progress.add(Int(known.descriptor.size))
                return known
            }
            let blob = try layout.beginBlob()
            if let known { try blob.output.reserve(known.descriptor.size) }
            var output = BlobOutput(blob.output, isDurable: true)
            let packed = try await unsafe payload.pack(number) { try unsafe output.write($0) }
            try blob.commit(digest: packed.descriptor.digest, size: packed.descriptor.size)
            return packed
        }
    }
}

extension BuiltImage {
    /// The names that the image gets in a layout; one that is nil for an image without a name.
    func layoutNames(overriddenBy name: String?) -> [String?] {
        if let name { return [name] }
        return references.isEmpty ? [nil] : references
    }
}
