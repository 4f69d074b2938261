// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// What `build` and `inspect` print of an image.
///
/// The names in its JSON form are documented and stay.
struct ImageReport {
    struct Layer {
        let diffID: Digest
        let descriptor: Descriptor
        let createdBy: String?
    }

    let digest: Digest
    let imageID: Digest
    let references: [String]
    let configuration: ImageConfiguration
    let layers: [Layer]
    /// What the same name leads to for other platforms; not all of them are known.
    private var others: [Descriptor] = []

    init(_ image: BuiltImage) {
        digest = image.manifest.digest
        imageID = image.imageID
        references = image.references
        configuration = image.configuration
        let steps = (image.configuration.history ?? []).filter { $0.emptyLayer != true }
        // A history of another length says nothing about which step made which layer.
        let isComplete = steps.count == image.layers.count
        layers = image.layers.enumerated().map { number, layer in
            Layer(
                diffID: layer.diffID,
                descriptor: layer.descriptor,
                createdBy: isComplete ? steps[number].createdBy : nil
            )
        }
    }

    init(_ image: StoredImage) {
        digest = image.descriptor.digest
        imageID = image.imageID
        references = image.references
        configuration = image.configuration
        layers = image.layers.map {
            Layer(diffID: $0.diffID, descriptor: $0.descriptor, createdBy: $0.createdBy)
        }
        // Attestations are listed as images of an unknown platform.
        others = image.siblings.filter { !$0.isAttestation && $0.platform?.os != "unknown" }
    }

    var json: JSONValue {
        .object([
            "digest": .string("\(digest)"),
            "imageID": .string("\(imageID)"),
            "references": .array(references.map { .string($0) }),
            "platform": configuration.platform.json,
            "platforms": .array(platforms),
            "config": configuration.config?.json ?? .object([:]),
            "layers": .array(layers.map(json)),
        ])
    }

    /// Everything that the name leads to, this image first.
    private var platforms: [JSONValue] {
        let all = [(digest, configuration.platform)] + others.map { ($0.digest, $0.platform) }
        return all.map { digest, platform in
            .object(["digest": .string("\(digest)"), "platform": platform?.json ?? .null])
        }
    }

    private func json(_ layer: Layer) -> JSONValue {
        .object([
            "diffID": .string("\(layer.diffID)"),
            "digest": .string("\(layer.descriptor.digest)"),
            "mediaType": layer.descriptor.mediaType.json,
            "size": .integer(layer.descriptor.size),
            "createdBy": layer.createdBy.map { .string($0) } ?? .null,
        ])
    }

    /// For people, without a newline at the end.
    var text: String { text(variablesAndLabels: []) }

    /// The same with all that is set for containers and told of the image.
    var fullText: String {
        let config = configuration.config
        let labels = (config?.labels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return text(
            variablesAndLabels: [("env", config?.env ?? []), ("labels", labels)].flatMap { name, values in
                values.enumerated().map { (name: $0.offset == 0 ? name : "", value: $0.element.clippedForMessage) }
            }
        )
    }

    private func text(variablesAndLabels: [(name: String, value: String)]) -> String {
        var lines = references.isEmpty ? ["(no name)"] : references
        lines.append("  digest    \(digest)")
        lines.append("  image ID  \(imageID)")
        lines.append("  platform  \(configuration.platform)")
        let known = others.compactMap { $0.platform?.description }
        if !known.isEmpty { lines.append("  also for  \(known.joined(separator: ", "))") }
        if let created = configuration.created { lines.append("  created   \(created)") }
        lines += (settings + variablesAndLabels).map { "  \($0.name.padded(to: 8))  \($0.value)" }
        for (number, layer) in layers.enumerated() {
            let name = number == 0 ? "layers" : ""
            let size = ByteSize(layer.descriptor.size)
            let origin = layer.createdBy?.shortened ?? ""
            lines.append("  \(name.padded(to: 8))  \(layer.descriptor.digest)  \(size)  \(origin)")
        }
        return lines.joined(separator: "\n")
    }

    private var settings: [(name: String, value: String)] {
        guard let config = configuration.config else { return [] }
        let all: [(String, String?)] = [
            ("user", config.user),
            ("entry", config.entrypoint.map(Self.list)),
            ("cmd", config.cmd.map(Self.list)),
            ("workdir", config.workingDir),
            ("ports", config.exposedPorts.map { $0.sorted().joined(separator: ", ") }),
            ("volumes", config.volumes.map { $0.sorted().joined(separator: ", ") }),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    private static func list(_ words: [String]) -> String {
        String(decoding: CanonicalJSON.encode(JSONValue.array(words.map { .string($0) })), as: UTF8.self)
    }
}

extension String {
    /// The text with spaces behind it.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// The text with its end left out if it is long: what made a layer can be thousands of files.
    var shortened: String { count > 100 ? prefix(99) + "…" : self }
}
