// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI

/// The files of a docker-archive.
///
/// `manifest.json` is what every reader since Docker 1.10 uses. For older ones each layer has a directory named by its
/// chain ID with `json` and `VERSION` beside the tar, in which a layer names its parent, and `repositories` says which
/// layer each tag means. [Docker image specification v1.2](https://github.com/moby/docker-image-spec/blob/main/v1.2.md).
struct DockerArchiveFiles {
    private let image: BuiltImage
    private let chain: [Digest]

    init(_ image: BuiltImage) {
        self.image = image
        chain = ChainID.chain(of: image.layers.map(\.diffID))
    }

    /// Names and contents in the archive's order.
    var all: [(name: String, content: ArchiveMember.Content)] {
        get throws {
            var files: [(name: String, content: ArchiveMember.Content)] = []
            for number in chain.indices {
                let folder = chain[number].encoded
                let layer = image.layers[number]
                files.append(("\(folder)/layer.tar", .layer(number, size: layer.descriptor.size)))
                files.append(("\(folder)/VERSION", .bytes(Array("1.0".utf8))))
                files.append(("\(folder)/json", .bytes(CanonicalJSON.encode(legacyLayer(number)))))
            }
            files.append((configurationName, .bytes(image.configurationBytes)))
            files.append(("manifest.json", .bytes(CanonicalJSON.encode(manifest))))
            files.append(("repositories", .bytes(CanonicalJSON.encode(repositories))))
            return files
        }
    }

    private var configurationName: String { image.imageID.encoded + ".json" }

    private var manifest: JSONValue {
        .array([
            .object([
                "Config": .string(configurationName),
                "Layers": .array(chain.map { .string($0.encoded + "/layer.tar") }),
                "RepoTags": .array(image.references.map { .string($0) }),
            ])
        ])
    }

    private var repositories: JSONValue {
        guard let top = chain.last else { return .object([:]) }
        var repositories: [String: JSONValue] = [:]
        for reference in image.references {
            guard let colon = reference.lastIndex(of: ":") else { continue }
            let tag = String(reference[reference.index(after: colon)...])
            repositories[String(reference[..<colon])] = .object([tag: .string(top.encoded)])
        }
        return .object(repositories)
    }

    private func legacyLayer(_ number: Int) -> JSONValue {
        let configuration = image.configuration
        var layer: [String: JSONValue] = [
            "id": .string(chain[number].encoded),
            "architecture": .string(configuration.architecture),
            "os": .string(configuration.os),
        ]
        if let created = configuration.created { layer["created"] = .string(created) }
        if number > 0 { layer["parent"] = .string(chain[number - 1].encoded) }
        if number == chain.count - 1, let config = configuration.config { layer["config"] = config.json }
        return .object(layer)
    }
}
