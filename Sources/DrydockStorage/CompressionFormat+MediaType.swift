// SPDX-License-Identifier: Apache-2.0

package import DrydockCompression
package import DrydockOCI

extension CompressionFormat {
    /// The media type of a layer that is compressed so.
    ///
    /// There is none for the formats that are read only; the one that is named as others would be is refused by every
    /// reader, so that nobody takes such a layer for another.
    package var layerMediaType: MediaType {
        switch self {
        case .none: .layer
        case .gzip: .layerGzip
        case .zstd: .layerZstd
        case .xz, .bzip2: MediaType(rawValue: "\(MediaType.layer)+\(rawValue)")
        }
    }
}
