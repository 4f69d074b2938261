// SPDX-License-Identifier: Apache-2.0

/// Packages that cannot be linked at `/`.
public struct PackageLinksFailure: Error, Equatable, CustomStringConvertible {
    /// What is in the way.
    public enum Code: Hashable, Sendable {
        /// The package is no directory.
        case notADirectory
        /// A name in the package is not UTF-8.
        case nameNotUTF8
        /// Another package has a directory where this one has a file.
        case besideDirectory(String)
    }

    /// What is in the way.
    public let code: Code
    /// The path in the store.
    public let path: String

    init(_ code: Code, _ path: String) {
        self.code = code
        self.path = path
    }

    /// One sentence for the person, and what to do.
    public var description: String {
        switch code {
        case .notADirectory:
            "Cannot link the files of \(path): it is not a directory\n"
                + "hint: add 'links: false' beside it if the image only has to contain it"
        case .nameNotUTF8: "Cannot link \(path): its name is not UTF-8"
        case .besideDirectory(let directory):
            "Cannot link both \(path) and \(directory): one is a file and one a directory\n"
                + "hint: leave one of the two packages out of 'contents'"
        }
    }
}
