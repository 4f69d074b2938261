// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockFiles

/// A path of the host that leads to no file.
public struct PathFailure: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The path does not begin with a slash, so that its meaning depends on the working directory.
        case relative
        /// The path contains a zero byte.
        case zeroByte
        /// There is no such file.
        case missing
        /// A symbolic link on the way points to nothing.
        case dangling(link: ByteString, target: ByteString)
        /// More symbolic links than Linux follows.
        case tooManyLinks
        /// A part of the path before the last one is not a directory.
        case notDirectory(ByteString)
        /// The system refused, with this error number.
        case system(Int32)
    }

    /// What is wrong.
    public let reason: Reason
    /// The path as it was given.
    public let path: ByteString

    /// A failure to resolve a path.
    package init(_ reason: Reason, path: ByteString) {
        self.reason = reason
        self.path = path
    }

    /// For example: `Cannot find '/bin/x': the link '/bin/x' points to 'y', which does not exist`.
    public var description: String {
        reason == .relative ? sentence + "\nhint: write a path that begins with '/'" : sentence
    }

    /// Whether there simply is no such file, which a search passes over in silence.
    var isAbsence: Bool {
        switch reason {
        case .missing, .notDirectory: true
        case .relative, .zeroByte, .dangling, .tooManyLinks, .system: false
        }
    }

    /// The description without a hint.
    var sentence: String {
        switch reason {
        case .relative: "Cannot find '\(path)': the path depends on the working directory"
        case .zeroByte: "Cannot find '\(path)': the path contains a zero byte"
        case .missing: "Cannot find '\(path)': there is no such file"
        case .dangling(let link, let target):
            "Cannot find '\(path)': the link '\(link)' points to '\(target)', which does not exist"
        case .tooManyLinks:
            "Cannot find '\(path)': the path leads through more than \(HostRoot.linkLimit) symbolic links"
        case .notDirectory(let place): "Cannot find '\(path)': '\(place)' is not a directory"
        case .system(let number): "Cannot read '\(path)': \(SystemError.text(of: number))"
        }
    }
}
