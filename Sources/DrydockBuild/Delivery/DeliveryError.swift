// SPDX-License-Identifier: Apache-2.0

/// An image that could not be delivered, for another reason than a failed system call.
public enum DeliveryError: Error, Equatable, CustomStringConvertible {
    /// A file of the layer with this number changed between the two times that it was read.
    case layerChanged(Int)
    /// Standard output is a terminal.
    case terminal
    /// A device or a pipe stands where the archive is to be.
    case notARegularFile(String)
    /// A directory stands where the archive is to be.
    case directory(String)

    /// One sentence for the person.
    public var description: String {
        switch self {
        case .layerChanged(let number):
            "Layer \(number + 1) is not what it was when its digest was taken: a file of it changed meanwhile\n"
                + "hint: build again when nothing writes there"
        case .notARegularFile(let path):
            "Cannot write '\(path)': it is not a regular file\nhint: write '-' for standard output"
        case .directory(let path):
            "Cannot write '\(path)': it is a directory\nhint: name a file in it, or write 'oci:\(path)' for an image layout"
        case .terminal:
            "Standard output is a terminal, and an image is not text\nhint: redirect it to a file or pipe it into "
                + "'docker load'"
        }
    }
}
