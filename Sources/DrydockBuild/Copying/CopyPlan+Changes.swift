// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockOCI
import DrydockStorage

extension CopyPlan {
    /// What is different at the destination, a sentence each.
    func changes(with results: [BuiltImage]) -> [String] {
        zip(images, results).flatMap { image, result in changes(of: image, result) }
    }

    private func changes(of image: Image, _ result: BuiltImage) -> [String] {
        let stored = image.stored
        let name = result.references.first ?? stored.references.first ?? "\(stored.descriptor.digest)"
        let label = isListed ? "\(stored.platform)" : name
        var sentences = layerChanges(of: image)
        if !stored.siblings.isEmpty { sentences.append(Self.omission(of: stored.siblings)) }
        if image.format == .docker, !stored.descriptor.mediaType.isDocker {
            sentences.append("its manifest is in Docker's form")
            if stored.manifest.annotations?.isEmpty == false {
                sentences.append("its annotations are left out, since Docker's manifests have none")
            }
        }
        if image.format == .oci, stored.descriptor.mediaType.isDocker, !isForDockerArchive {
            sentences.append("its manifest is in OCI form")
        }
        if isForDockerArchive, stored.manifest.annotations?.isEmpty == false {
            sentences.append("its annotations are left out, since a docker-archive holds no manifest")
        }
        let lost = stored.references.filter { _ in isForDockerArchive && image.references.isEmpty }
        if let name = lost.first {
            sentences.append("it has no name there, since '\(name)' is none with a tag")
        }
        if result.manifest.digest != stored.descriptor.digest {
            let digests = "\(stored.descriptor.digest) to \(result.manifest.digest)"
            sentences.append("the manifest's digest changes from \(digests)")
        }
        return sentences.map { "\(label): \($0)" }
    }

    /// What of an index is not copied.
    private static func omission(of siblings: [Descriptor]) -> String {
        let attestations = siblings.filter(\.isAttestation).count
        let images = siblings.filter { !$0.isAttestation }
        let platforms = images.compactMap { $0.platform?.description }
        var parts: [String] = []
        if !images.isEmpty {
            let named = platforms.count == images.count ? " for \(platforms.joined(separator: ", "))" : ""
            parts.append("\(images.count == 1 ? "1 image" : "\(images.count) images")\(named)")
        }
        if attestations > 0 { parts.append(attestations == 1 ? "1 attestation" : "\(attestations) attestations") }
        let isOne = siblings.count == 1
        return "\(parts.joined(separator: " and ")) of the same name \(isOne ? "is" : "are") left out"
    }

    private func layerChanges(of image: Image) -> [String] {
        if isSquashing {
            let count = image.layerNumbers.count
            return [count == 1 ? "1 layer is written anew" : "\(count) layers are made one"]
        }
        let changed = image.layerNumbers.filter { layers[$0].treatment != .unchanged }
        guard let first = changed.first else { return [] }
        let count = changed.count == 1 ? "1 layer is" : "\(changed.count) layers are"
        guard case .compressed(let format) = layers[first].treatment else { return ["\(count) decompressed"] }
        return ["\(count) compressed with \(format.rawValue)"]
    }
}
