// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import NIOHTTP1

extension RegistryRepository {
    /// Makes a name lead to a manifest or index: puts what it lists by digests, then itself by its digest, then the tag.
    ///
    /// First the registry is asked what the name leads to. If that is the same already, nothing is put but what is missing of
    /// what it lists.
    ///
    /// - Parameters:
    ///   - manifests: What the name shall lead to comes last, each other one before those that list it. Their blobs must be
    ///     there.
    ///   - tag: The tag; nil for the digest alone.
    /// - Throws: ``RegistryFailure``.
    public func publish(_ manifests: [RegistryManifest], tag: String?) async throws {
        guard let top = manifests.last else { return }
        let own = ManifestReference.digest(top.descriptor.digest)
        let isUnchanged = try await has(top, as: tag.map { .tag($0) } ?? own)
        for manifest in manifests.dropLast() {
            let name = ManifestReference.digest(manifest.descriptor.digest)
            if isUnchanged, try await has(manifest, as: name) { continue }
            try await putManifest(manifest, as: name)
        }
        if isUnchanged { return }
        try await putManifest(top, as: own)
        if let tag { try await putManifest(top, as: .tag(tag)) }
    }

    /// Whether a name leads to a manifest in the registry itself; false where the registry does not say.
    private func has(_ manifest: RegistryManifest, as name: ManifestReference) async throws -> Bool {
        var request = request(.HEAD, name, at: origin)
        // Whatever it has against the question, it says of the answer when the manifest is put.
        request.rules.accepted = [400, 403, 404, 405]
        return try await send(request, to: origin, .push) { response in
            guard (200..<300).contains(response.status) else { return false }
            let announced = response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest($0) }
            return announced == manifest.descriptor.digest
        }
    }
}
