// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// The versions of the libraries that do the work.
///
/// The bytes of compressed blobs, and so their digests, may change with them; the bytes of the layers inside do not.
public enum CompressionLibraries: Sendable {
    /// The version that this program was compiled against; the library cannot be asked at run time.
    public static var libdeflate: String { LIBDEFLATE_VERSION_STRING }

    /// The version that is loaded.
    public static var bzip2: String {
        // Behind a comma it says when it was released.
        String(unsafe text(BZ2_bzlibVersion()).prefix { $0 != "," })
    }

    /// The version that is loaded.
    public static var xz: String { unsafe text(lzma_version_string()) }

    /// The version that is loaded.
    public static var zlib: String { unsafe text(zlibVersion()) }

    /// The version that is loaded.
    public static var zstd: String { unsafe text(ZSTD_versionString()) }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        guard let pointer = unsafe pointer else { return "unknown" }
        return unsafe String(cString: pointer)
    }
}
