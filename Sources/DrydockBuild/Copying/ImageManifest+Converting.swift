// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockOCI
import DrydockStorage

extension ImageManifest {
    /// Takes on one of the two forms, and leaves out what that has no place for.
    ///
    /// The media types of the layers have to be OCI's.
    mutating func convert(to format: ImageCopy.Format) {
        guard format == .docker else {
            mediaType = .imageManifest
            config.mediaType = .imageConfiguration
            return
        }
        mediaType = .dockerManifest
        config.mediaType = .dockerConfiguration
        annotations = nil
        artifactType = nil
        subject = nil
        for position in layers.indices { layers[position].mediaType = layers[position].mediaType.inDockerForm }
    }
}

extension MediaType {
    /// Docker's name for a layer that has OCI's.
    fileprivate var inDockerForm: MediaType {
        switch self {
        case .layerGzip: .dockerLayerGzip
        case .layerZstd: .dockerLayerZstd
        default: .dockerLayer
        }
    }
}

extension StoredImage {
    /// The form of the manifest as it is stored.
    var format: ImageCopy.Format { descriptor.mediaType.isDocker ? .docker : .oci }
}
