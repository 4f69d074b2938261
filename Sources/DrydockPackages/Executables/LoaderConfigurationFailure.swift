// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// A configuration of the dynamic loader that cannot be followed.
public struct LoaderConfigurationFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The file is larger than any such file needs to be.
        case tooLarge
        /// The file includes itself, directly or through others.
        case includesItself
        /// More files are included than any host has.
        case tooManyFiles
    }

    /// What is wrong.
    public let reason: Reason
    /// The file.
    public let path: ByteString

    init(_ reason: Reason, path: ByteString) {
        self.reason = reason
        self.path = path
    }

    /// For example: `Cannot read the loader's configuration '/etc/ld.so.conf': the file includes itself`.
    public var description: String {
        let fault =
            switch reason {
            case .tooLarge: "the file has more than \(LoaderConfiguration.sizeLimit) bytes"
            case .includesItself: "the file includes itself"
            case .tooManyFiles: "more than \(LoaderConfiguration.filesLimit) files are included"
            }
        return "Cannot read the loader's configuration '\(path)': \(fault)"
    }
}
