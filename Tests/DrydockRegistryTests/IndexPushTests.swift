// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import Testing

/// Indexes and the images that they list.
@Suite(.requires("docker-registry"))
struct IndexPushTests {
    private let images = [
        SampleArtifact(seed: 1, sizes: [30_000, 5]), SampleArtifact(seed: 2, sizes: [20_000, 6]),
    ]

    private var index: RegistryManifest {
        let entries = zip(images, ["amd64", "arm64"]).map { image, architecture in
            var entry = image.manifest.descriptor
            entry.platform = Platform(os: "linux", architecture: architecture)
            return entry
        }
        return RegistryManifest(CanonicalJSON.encode(ImageIndex(manifests: entries)), mediaType: .imageIndex)
    }

    private var blobs: MemoryBlobs { MemoryBlobs(images.flatMap(\.blobs)) }

    @Test func `images come before the index that lists them, and the tag comes last`() async throws {
        try await TestRegistry.withRegistry { registry in
            try await FaultyProxy.withProxy(before: registry) { proxy in
                try await withRepository("a", at: proxy.authority) { repository in
                    try await repository.putIndex(index, listing: images.map(\.manifest), blobs: blobs, tag: "x")
                    let put = proxy.requests.filter { $0.verb == "PUT" && $0.target.contains("/manifests/") }
                    let names = put.map { $0.target.split(separator: "/").last.map(String.init) ?? "" }
                    let digests = images.map { "\($0.manifest.descriptor.digest)" }
                    #expect(names == digests + ["\(index.descriptor.digest)", "x"])
                    #expect(try await repository.manifest(.tag("x")) == index)
                    for image in images {
                        for (blob, bytes) in zip(image.descriptors, image.blobs) {
                            #expect(try await repository.bytes(of: blob) == bytes)
                        }
                    }
                    // What is there need not be given.
                    try await repository.putIndex(index, listing: [], blobs: MemoryBlobs(), tag: "y")
                    #expect(try await repository.tags() == ["x", "y"])
                }
            }
        }
    }

    @Test func `an index that lists what is not there is refused before anything is sent`() async throws {
        try await TestRegistry.withRegistry { registry in
            try await FaultyProxy.withProxy(before: registry) { proxy in
                try await withRepository("a", at: proxy.authority) { repository in
                    let missing = images[1].manifest.descriptor.digest
                    let failure = await #expect(throws: RegistryFailure.self) {
                        try await repository.putIndex(index, listing: [images[0].manifest], blobs: blobs, tag: "x")
                    }
                    #expect(
                        failure?.description
                            == "The index lists \(missing), which is neither pushed with it nor in the repository"
                    )
                    #expect(proxy.requests.allSatisfy { $0.verb == "HEAD" })
                }
            }
        }
    }

    @Test func `faults leave no tag that leads to what is not there`() async throws {
        try await TestRegistry.withRegistry { registry in
            for seed in UInt64(0)..<24 { try await push(seed: seed, registry) }
        }
    }

    /// One push through faults, and a look at what the registry has.
    private func push(seed: UInt64, _ registry: TestRegistry) async throws {
        var settings = FaultyProxy.Settings()
        settings.seed = seed
        settings.percentage = 30
        let name = "run\(seed)"
        let pushed = try await FaultyProxy.withProxy(before: registry, settings) { proxy in
            var options = RegistryClientOptions.impatient
            options.retry.attempts = 2
            return try await withRepository(name, at: proxy.authority, options: options) { repository in
                do {
                    try await repository.putIndex(index, listing: images.map(\.manifest), blobs: blobs, tag: "x")
                    return true
                } catch is RegistryFailure { return false }
            }
        }
        try await withRepository(name, at: registry.authority) { direct in
            let isTagged = try await direct.manifestDescriptor(.tag("x")) != nil
            #expect(isTagged || !pushed, "seed \(seed)")
            guard isTagged else { return }
            #expect(try await direct.manifest(.tag("x")) == index, "seed \(seed)")
            for image in images {
                let name = ManifestReference.digest(image.manifest.descriptor.digest)
                #expect(try await direct.manifest(name) == image.manifest, "seed \(seed)")
                for (blob, bytes) in zip(image.descriptors, image.blobs) {
                    #expect(try await direct.bytes(of: blob) == bytes, "seed \(seed)")
                }
            }
        }
    }
}
