// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI

/// The files of a docker-archive.
///
/// `manifest.json` is what every reader since Docker 1.10 uses. For older ones each layer has a directory named by its
/// chain ID with `json` and `VERSION` beside the tar, in which a layer names its parent, and `repositories` says which
/// layer each tag means. [Docker image specification v1.2](https://github.com/moby/docker-image-spec/blob/main/v1.2.md).
///
/// A tar that is a layer in several chains stands at the first one; at the others is a link, as Docker writes it.
struct DockerArchiveFiles {
    private let images: [(image: BuiltImage, numbers: [Int], chain: [Digest])]

    init(_ images: [PayloadImage]) {
        self.images = images.map { payload in
            (payload.image, payload.layerNumbers, ChainID.chain(of: payload.image.layers.map(\.diffID)))
        }
    }

    /// Names and contents in the archive's order.
    var all: [(name: String, content: ArchiveMember.Content)] {
        var files = layerFiles
        var written: Set<Digest> = []
        for image in images.map(\.image) where written.insert(image.imageID).inserted {
            files.append((Self.configurationName(image), .bytes(image.configurationBytes)))
        }
        files.append(("manifest.json", .bytes(CanonicalJSON.encode(manifest))))
        files.append(("repositories", .bytes(CanonicalJSON.encode(repositories))))
        return files
    }

    private var layerFiles: [(name: String, content: ArchiveMember.Content)] {
        var files: [(name: String, content: ArchiveMember.Content)] = []
        var folders: [Int: String] = [:]
        // Chains are told apart by the layers' numbers, since digests may be placeholders.
        var steps: [ChainStep: Int] = [:]
        for (image, numbers, chain) in images {
            var below = -1
            for position in chain.indices {
                let step = ChainStep(below: below, layer: numbers[position])
                if let known = steps[step] {
                    below = known
                    continue
                }
                below = steps.count
                steps[step] = below
                let folder = chain[position].encoded
                let number = numbers[position]
                if let first = folders[number] {
                    files.append(("\(folder)/layer.tar", .link(to: "../\(first)/layer.tar")))
                } else {
                    files.append(("\(folder)/layer.tar", .layer(number, size: image.layers[position].descriptor.size)))
                    folders[number] = folder
                }
                files.append(("\(folder)/VERSION", .bytes(Array("1.0".utf8))))
                files.append(("\(folder)/json", .bytes(CanonicalJSON.encode(legacyLayer(image, chain, position)))))
            }
        }
        return files
    }

    /// A layer above others.
    private struct ChainStep: Hashable {
        /// The number of the step below; -1 at the bottom.
        let below: Int
        let layer: Int
    }

    private static func configurationName(_ image: BuiltImage) -> String { image.imageID.encoded + ".json" }

    private var manifest: JSONValue {
        var folders: [Int: String] = [:]
        return .array(
            images.map { image, numbers, chain in
                for (number, digest) in zip(numbers, chain) where folders[number] == nil {
                    folders[number] = digest.encoded
                }
                return .object([
                    "Config": .string(Self.configurationName(image)),
                    "Layers": .array(numbers.map { .string("\(folders[$0] ?? "")/layer.tar") }),
                    "RepoTags": .array(image.references.map { .string($0) }),
                ])
            }
        )
    }

    private var repositories: JSONValue {
        var repositories: [String: [String: JSONValue]] = [:]
        for (image, _, chain) in images {
            guard let top = chain.last else { continue }
            for reference in image.references {
                guard let colon = reference.lastIndex(of: ":") else { continue }
                let tag = String(reference[reference.index(after: colon)...])
                repositories[String(reference[..<colon]), default: [:]][tag] = .string(top.encoded)
            }
        }
        return .object(repositories.mapValues { .object($0) })
    }

    private func legacyLayer(_ image: BuiltImage, _ chain: [Digest], _ position: Int) -> JSONValue {
        let configuration = image.configuration
        var layer: [String: JSONValue] = [
            "id": .string(chain[position].encoded),
            "architecture": .string(configuration.architecture),
            "os": .string(configuration.os),
        ]
        if let created = configuration.created { layer["created"] = .string(created) }
        if position > 0 { layer["parent"] = .string(chain[position - 1].encoded) }
        if position == chain.count - 1, let config = configuration.config { layer["config"] = config.json }
        return .object(layer)
    }
}
