// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockOCI

/// Goes through all documents of an archive or layout and notes what is wrong with them, and which blobs to look at.
final class ValidationWalk {
    /// What was found.
    struct Outcome: Sendable {
        var faults: [ImageStorageFailure] = []
        var checks: [BlobCheck] = []
        var imageCount = 0
    }

    /// As for the reader of layouts.
    private static let depthLimit = 8
    private static let documentLimit = 1 << 14

    private let contents: any ImageContents
    private var outcome = Outcome()
    private var seen: Set<Digest> = []
    private var checked: Set<Checked> = []

    private struct Checked: Hashable {
        let digest: Digest?
        let diffID: Digest?
        let size: Int64
    }

    private init(_ contents: any ImageContents) { self.contents = contents }

    /// Goes through everything at a location.
    static func all(at location: ImageLocation, _ temporaryDirectory: String) throws -> Outcome {
        switch try StoredImage.contents(at: location, temporaryDirectory) {
        case .layout(let directory):
            let walk = ValidationWalk(directory)
            try walk.visitIndex()
            return walk.outcome
        case .archive(let archive, let transport):
            let walk = ValidationWalk(archive)
            if transport == .dockerArchive { try walk.visitDockerArchive(archive) }
            // Archives of Docker 25 and later are layouts, too.
            if transport == .ociArchive || location.transport == nil, try archive.file("index.json") != nil {
                try walk.visitIndex()
            }
            return walk.outcome
        }
    }

    /// Notes a fault and goes on.
    private func attempt<Value>(_ body: () throws -> Value) throws -> Value? {
        do { return try body() } catch let failure as ImageStorageFailure {
            outcome.faults.append(failure)
            return nil
        }
    }

    private func note(_ reason: ImageStorageFailure.Reason) { outcome.faults.append(contents.failure(reason)) }

    private func check(_ place: BlobPlace, _ descriptor: Descriptor?, diffID: Digest?) {
        let key = Checked(digest: descriptor?.digest, diffID: diffID, size: place.size)
        guard checked.insert(key).inserted else { return }
        outcome.checks.append(BlobCheck(place: place, descriptor: descriptor, diffID: diffID, path: contents.path))
    }
}

// MARK: - Layouts

extension ValidationWalk {
    private func visitIndex() throws {
        let index: ImageIndex? = try attempt { try contents.document("index.json") }
        guard let index else { return }
        if index.manifests.isEmpty { note(.noImage) }
        for entry in index.manifests { try visit(entry, depth: 1) }
    }

    private func visit(_ descriptor: Descriptor, depth: Int) throws {
        guard seen.insert(descriptor.digest).inserted else { return }
        guard depth <= Self.depthLimit else { return note(.indexTooDeep(limit: Self.depthLimit)) }
        guard seen.count <= Self.documentLimit else { return note(.indexTooDeep(limit: Self.documentLimit)) }
        if descriptor.mediaType.isManifest { return try visitManifest(descriptor) }
        guard descriptor.mediaType.isIndex else { return try visitBlob(descriptor, diffID: nil) }
        let index: ImageIndex? = try attempt {
            try contents.parse(contents.blob(descriptor, named: "image index"), named: "image index")
        }
        for child in index?.manifests ?? [] { try visit(child, depth: depth + 1) }
    }

    private func visitManifest(_ descriptor: Descriptor) throws {
        let manifest: ImageManifest? = try attempt {
            try contents.parse(contents.blob(descriptor, named: "image manifest"), named: "image manifest")
        }
        guard let manifest else { return }
        guard manifest.config.mediaType.isConfiguration, !descriptor.isAttestation else {
            // An artifact: its parts are blobs of any kind.
            for blob in [manifest.config] + manifest.layers { try visitBlob(blob, diffID: nil) }
            return
        }
        outcome.imageCount += 1
        let diffIDs = try visitConfiguration(manifest.config, platform: descriptor.platform)
        if let diffIDs, diffIDs.count != manifest.layers.count {
            note(.layerCountMismatch(expected: diffIDs.count, actual: manifest.layers.count))
        }
        for (position, layer) in manifest.layers.enumerated() {
            let isKnown = diffIDs.map { $0.indices.contains(position) } == true
            try visitBlob(layer, diffID: isKnown ? diffIDs?[position] : nil)
        }
    }

    private func visitConfiguration(_ descriptor: Descriptor, platform: Platform?) throws -> [Digest]? {
        let configuration: ImageConfiguration? = try attempt {
            try contents.parse(contents.blob(descriptor, named: "image configuration"), named: "image configuration")
        }
        guard let configuration else { return nil }
        if let platform, !configuration.platform.satisfies(platform) {
            note(.platformMismatch(expected: platform, actual: configuration.platform))
        }
        return configuration.rootfs.diffIDs
    }

    private func visitBlob(_ descriptor: Descriptor, diffID: Digest?) throws {
        let name = "blobs/\(descriptor.digest.algorithm)/\(descriptor.digest.encoded)"
        guard let place = try contents.place(of: name) else {
            // What must not be distributed is fetched from elsewhere.
            if descriptor.urls?.isEmpty == false { return }
            return note(.missingMember("\(diffID == nil ? "blob" : "layer") \(descriptor.digest)"))
        }
        check(place, descriptor, diffID: diffID)
    }
}

// MARK: - Docker's archives

extension ValidationWalk {
    private func visitDockerArchive(_ archive: ArchiveContents) throws {
        guard try archive.file("manifest.json") != nil else {
            // Before Docker 1.10 archives had no digest at all; that they can be read is all there is to know.
            let images = try attempt { try LegacyArchiveReader(archive).images(for: nil) }
            outcome.imageCount += images?.count ?? 0
            return
        }
        let entries: [DockerArchiveEntry]? = try attempt { try archive.document("manifest.json") }
        guard let entries else { return }
        if entries.isEmpty { note(.noImage) }
        for entry in entries { try visit(entry, in: archive) }
    }

    private func visit(_ entry: DockerArchiveEntry, in archive: ArchiveContents) throws {
        outcome.imageCount += 1
        let configuration: ImageConfiguration? = try attempt {
            try archive.parse(archive.configurationBytes(of: entry), named: entry.config)
        }
        let diffIDs = configuration?.rootfs.diffIDs
        if let diffIDs, diffIDs.count != entry.layers.count {
            note(.layerCountMismatch(expected: diffIDs.count, actual: entry.layers.count))
        }
        for (position, name) in entry.layers.enumerated() {
            guard let found = try attempt({ try archive.place(of: name) }) else { continue }
            guard let place = found else {
                note(.missingMember(name))
                continue
            }
            if let diffIDs, diffIDs.indices.contains(position) { check(place, nil, diffID: diffIDs[position]) }
        }
    }
}
