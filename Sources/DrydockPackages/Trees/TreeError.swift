// SPDX-License-Identifier: Apache-2.0

/// A tree of files that cannot become part of an image.
public struct TreeError: Error, Equatable, CustomStringConvertible {
    /// Why it cannot.
    public struct Code: Hashable, Sendable {
        fileprivate enum Value: Hashable {
            case socket
            case linkLoop
            case tooDeep
            case whiteoutName
            case notADirectory
            case notAFile
            case changed
            case missing
            case brokenArchive(String)
            case notAnArchive
            case unsafeMember(String)
            case tooManyEntries(limit: Int)
            case notUnpackable(String)
        }
        fileprivate let value: Value

        /// A socket, or a kind of file that an archive cannot hold.
        public static let socket = Code(value: .socket)
        /// A link to a directory that contains the link.
        public static let linkLoop = Code(value: .linkLoop)
        /// More directories inside each other than ``DirectoryTree/maximumDepth``.
        public static let tooDeep = Code(value: .tooDeep)
        /// A name that runtimes would read as the deletion of a file.
        public static let whiteoutName = Code(value: .whiteoutName)
        /// Something else stands where a directory must be.
        public static let notADirectory = Code(value: .notADirectory)
        /// Something else stands where a regular file must be.
        public static let notAFile = Code(value: .notAFile)
        /// The file is not what it was when the tree was walked.
        public static let changed = Code(value: .changed)
        /// There is nothing at the path.
        public static let missing = Code(value: .missing)
        /// The archive cannot be read; the text says where and why.
        public static func brokenArchive(_ reason: String) -> Code { Code(value: .brokenArchive(reason)) }
        /// The path is a directory.
        public static let notAnArchive = Code(value: .notAnArchive)
        /// A member of the archive may not be unpacked; the text says which and why.
        public static func unsafeMember(_ reason: String) -> Code { Code(value: .unsafeMember(reason)) }
        /// More entries than are held in memory.
        public static func tooManyEntries(limit: Int) -> Code { Code(value: .tooManyEntries(limit: limit)) }
        /// The entry cannot be written into a directory; the text says why.
        public static func notUnpackable(_ reason: String) -> Code { Code(value: .notUnpackable(reason)) }
    }

    /// Why it cannot.
    public let code: Code
    /// The path of the file, directory or archive.
    public let path: String

    /// Whether it is an archive whose bytes are none, or are damaged.
    package var isBrokenArchive: Bool {
        if case .brokenArchive = code.value { true } else { false }
    }

    package init(_ code: Code, _ path: String) {
        self.code = code
        self.path = path
    }

    /// One sentence for the person, and a hint where one action usually helps.
    public var description: String {
        switch code.value {
        case .socket:
            "Cannot pack '\(path)': it is a socket, and an image cannot hold one\nhint: stop the program that made it, "
                + "or leave its directory out"
        case .linkLoop:
            "Cannot pack '\(path)': the link leads to a directory that contains it\nhint: set keepContentsDirlinks: true "
                + "to keep links to directories as links"
        case .tooDeep: "Cannot pack '\(path)': more than \(DirectoryTree.maximumDepth) directories inside each other"
        case .whiteoutName:
            "Cannot pack '\(path)': in an image, a name that starts with '.wh.' means that a file is deleted\n"
                + "hint: rename the file"
        case .notADirectory: "Cannot read '\(path)': it is not a directory"
        case .notAFile: "Cannot read '\(path)': it is not a regular file"
        case .changed:
            "Cannot pack '\(path)': it changed while the image was built\nhint: build again when nothing writes there"
        case .missing: "Cannot read '\(path)': no such file or directory (ENOENT)"
        case .brokenArchive(let reason):
            "Cannot read the archive '\(path)': \(reason.prefix(1).lowercased())\(reason.dropFirst())"
        case .notAnArchive:
            "Cannot read the archive '\(path)': it is a directory\nhint: use 'directory:' for a directory"
        case .unsafeMember(let reason): "Cannot use the archive '\(path)': \(reason)"
        case .tooManyEntries(let limit): "Cannot use '\(path)': it has more than \(limit) files"
        case .notUnpackable(let reason): "Cannot write '\(path)': \(reason)"
        }
    }
}
