// SPDX-License-Identifier: Apache-2.0

/// Two inputs of an image that want things of different kinds at one path.
public struct ContentsConflict: Error, Equatable, CustomStringConvertible {
    /// What cannot stand together.
    public enum Code: Sendable {
        /// A directory where a file or link already is.
        case directoryOverFile
        /// A file or link where a directory already is.
        case fileOverDirectory
        /// An entry below something that is no directory.
        case entryBelowFile
        /// Links that lead in a circle.
        case linkLoop
    }

    /// What cannot stand together.
    public let code: Code
    /// The path in the image where the two meet.
    public let path: String
    /// The path in the image that was to be written.
    public let wanted: String
    /// The input that came first.
    public let first: String
    /// The input that came second.
    public let second: String

    /// One sentence for the person, and what to do.
    public var description: String {
        switch code {
        case .directoryOverFile:
            "Cannot put the directory \(path) of \(second) where \(first) has a file\(Self.hint)"
        case .fileOverDirectory:
            "Cannot put the file \(path) of \(second) where \(first) has a directory\(Self.hint)"
        case .entryBelowFile: "Cannot put \(wanted) of \(second) below \(path), which is a file of \(first)\(Self.hint)"
        case .linkLoop:
            "Cannot put \(wanted) of \(second) into the image: the link \(path) of \(first) leads in a circle"
        }
    }

    private static let hint = "\nhint: leave one of the two out, or move it"
}
