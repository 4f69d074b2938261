// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI

/// Reads archives from before Docker 1.10: `repositories` leads to a layer, and each layer's `json` to its parent.
///
/// There is no configuration and no diffID in them: both are made as `docker load` makes them, for which all layers
/// must be read.
/// [Image specification of Docker, v1](https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.md).
struct LegacyArchiveReader: ImageReader {
    /// The most layers of an image; Docker itself stops at 125.
    private static let parentLimit = 256
    /// Members of the topmost layer's `json` that concern only that layer, as `docker load` drops them.
    private static let layerMembers: Set = ["id", "parent", "Size", "parent_id", "layer_id", "throwaway"]

    private let archive: ArchiveContents

    init(_ archive: ArchiveContents) { self.archive = archive }

    /// Reads the image that is wanted.
    func image(_ selection: ImageSelection) throws -> StoredImage {
        let tops = try tops()
        return try image(select(from: tops, named: selection.reference), of: tops, for: selection.platform)
    }

    func images(for platform: Platform?) throws -> [StoredImage] {
        let tops = try tops()
        guard !tops.isEmpty else { throw archive.failure(.noImage) }
        return try Set(tops.values).sorted().map { try image($0, of: tops, for: platform) }
    }

    /// The topmost layer of each name.
    private func tops() throws -> [String: String] {
        let repositories: [String: [String: String]] = try archive.document("repositories")
        return Dictionary(
            repositories.flatMap { name, tags in tags.map { ("\(name):\($0.key)", $0.value) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private func image(
        _ top: String,
        of tops: [String: String],
        for platform: Platform?
    ) throws -> StoredImage {
        let chain = try chain(from: top)
        let configuration = try configuration(of: chain)
        if let wanted = platform, !configuration.platform.satisfies(wanted) {
            throw archive.failure(.noSuchPlatform(wanted, available: [configuration.platform]))
        }
        let documents = try archive.documents(
            configuration: configuration,
            bytes: CanonicalJSON.encode(configuration),
            layers: chain.map(\.layerName)
        )
        let names = tops.filter { $0.value == top }.keys.sorted()
        let places = try chain.map { try archive.place(of: $0.layerName) }
        return try StoredImage(documents, places, references: names, transport: .dockerArchive, path: archive.path)
    }

    private func select(from tops: [String: String], named name: String?) throws -> String {
        let available = tops.keys.sorted()
        guard let name else {
            let layers = Set(tops.values)
            guard let only = layers.first else { throw archive.failure(.noImage) }
            guard layers.count == 1 else { throw archive.failure(.ambiguous(available: available)) }
            return only
        }
        guard let match = available.first(where: { DockerArchiveReader.isSame($0, name) }), let top = tops[match] else {
            throw archive.failure(.noSuchImage(name, available: available))
        }
        return top
    }

    /// The layers from the lowest to `top`.
    private func chain(from top: String) throws -> [LegacyLayer] {
        var chain: [LegacyLayer] = []
        var next: String? = top
        while let id = next {
            guard chain.count < Self.parentLimit else {
                throw archive.failure(.parentsTooDeep(limit: Self.parentLimit))
            }
            let members: [String: JSONValue] = try archive.document("\(id)/json")
            let layer = LegacyLayer(id: id, members: members)
            chain.append(layer)
            next = layer.text("parent")
        }
        return chain.reversed()
    }

    private func configuration(of chain: [LegacyLayer]) throws -> ImageConfiguration {
        let digests = try archive.diffIDs(of: Set(chain.map(\.layerName)))
        // There is one for each name, or the call has thrown.
        let diffIDs = chain.compactMap { digests[$0.layerName] }
        var members = (chain.last?.members ?? [:]).filter { !Self.layerMembers.contains($0.key) }
        members["os"] = members["os"] ?? .string("linux")
        members["architecture"] = members["architecture"] ?? .string("amd64")
        members["rootfs"] = ImageConfiguration.RootFileSystem(diffIDs: diffIDs).json
        members["history"] = chain.map(\.historyEntry).json
        do { return try ImageConfiguration(json: .object(members)) } catch {
            throw archive.failure(.malformedDocument(name: "\(chain.last?.id ?? "")/json", failure: error))
        }
    }
}

/// One layer of an archive from before Docker 1.10.
private struct LegacyLayer {
    let id: String
    let members: [String: JSONValue]

    var layerName: String { "\(id)/layer.tar" }

    /// A member that is a text and not empty.
    func text(_ key: String) -> String? {
        guard case .string(let text)? = members[key], !text.isEmpty else { return nil }
        return text
    }

    var historyEntry: ImageConfiguration.HistoryEntry {
        var entry = ImageConfiguration.HistoryEntry(createdBy: command)
        entry.created = text("created")
        entry.author = text("author")
        entry.comment = text("comment")
        return entry
    }

    /// The command that made the layer.
    private var command: String? {
        guard case .object(let container)? = members["container_config"], case .array(let words)? = container["Cmd"]
        else {
            return nil
        }
        let texts = words.compactMap { word in try? String(json: word) }
        return texts.isEmpty ? nil : texts.joined(separator: " ")
    }
}
