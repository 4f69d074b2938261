// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import Testing

struct MediaTypeCase: CustomTestStringConvertible, Sendable {
    let type: MediaType
    var isIndex = false
    var isManifest = false
    var isConfiguration = false
    var isDocker = false
    var compression: MediaType.LayerCompression?

    var testDescription: String { type.rawValue }

    static let all = [
        MediaTypeCase(type: .imageIndex, isIndex: true),
        MediaTypeCase(type: .imageManifest, isManifest: true),
        MediaTypeCase(type: .imageConfiguration, isConfiguration: true),
        MediaTypeCase(type: .layer, compression: MediaType.LayerCompression.none),
        MediaTypeCase(type: .layerGzip, compression: .gzip),
        MediaTypeCase(type: .layerZstd, compression: .zstd),
        MediaTypeCase(type: .dockerManifestList, isIndex: true, isDocker: true),
        MediaTypeCase(type: .dockerManifest, isManifest: true, isDocker: true),
        MediaTypeCase(type: .dockerConfiguration, isConfiguration: true, isDocker: true),
        MediaTypeCase(type: .dockerLayer, isDocker: true, compression: MediaType.LayerCompression.none),
        MediaTypeCase(type: .dockerLayerGzip, isDocker: true, compression: .gzip),
        MediaTypeCase(type: .dockerLayerZstd, isDocker: true, compression: .zstd),
        MediaTypeCase(
            type: MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
            compression: .gzip
        ),
        MediaTypeCase(
            type: MediaType(rawValue: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
            isDocker: true,
            compression: .gzip
        ),
        MediaTypeCase(type: MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+xz")),
        MediaTypeCase(type: MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar.gzip")),
        MediaTypeCase(type: MediaType(rawValue: "text/plain")),
    ]
}

@Suite struct MediaTypeTests {
    @Test(arguments: MediaTypeCase.all)
    func `a media type answers questions`(example: MediaTypeCase) {
        #expect(example.type.isIndex == example.isIndex)
        #expect(example.type.isManifest == example.isManifest)
        #expect(example.type.isConfiguration == example.isConfiguration)
        #expect(example.type.isDocker == example.isDocker)
        #expect(example.type.layerCompression == example.compression)
        #expect(example.type.isLayer == (example.compression != nil))
    }

    @Test(arguments: MediaType.LayerCompression.allCases)
    func `the type of a layer names its compression`(compression: MediaType.LayerCompression) {
        #expect(MediaType.layer(compression: compression).layerCompression == compression)
        #expect(!MediaType.layer(compression: compression).isDocker)
    }
}
