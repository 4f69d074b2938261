// SPDX-License-Identifier: Apache-2.0

package import DrydockCompression
package import DrydockOCI

extension CompressionFormat {
    /// The same format as media types of layers name it.
    package var layerCompression: MediaType.LayerCompression {
        switch self {
        case .none: .none
        case .gzip: .gzip
        case .zstd: .zstd
        }
    }
}
