// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// A store object that is not what a store object can be, or not what is registered of it.
public struct StoreObjectFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong with it.
    public struct Code: Hashable, Sendable {
        fileprivate enum Value: Hashable {
            case unsupportedKind(FileStatus.Kind)
            case changed
            case tooDeep
            case whiteoutName
            case mismatch(expected: NARMeasure, actual: NARMeasure)
        }
        fileprivate let value: Value

        /// Something in it is neither directory nor regular file nor link.
        static func unsupportedKind(_ kind: FileStatus.Kind) -> Code { Code(value: .unsupportedKind(kind)) }
        /// A file is not what it was a moment before.
        public static let changed = Code(value: .changed)
        /// More directories inside each other than ``DirectoryTree/maximumDepth``.
        public static let tooDeep = Code(value: .tooDeep)
        /// A name that runtimes would read as the deletion of a file.
        public static let whiteoutName = Code(value: .whiteoutName)
        /// Its NAR is not the one that is registered.
        public static func mismatch(expected: NARMeasure, actual: NARMeasure) -> Code {
            Code(value: .mismatch(expected: expected, actual: actual))
        }
    }

    /// What is wrong with it.
    public let code: Code
    /// The path of the file on this host.
    public let path: String

    package init(_ code: Code, _ path: String) {
        self.code = code
        self.path = path
    }

    /// One sentence for the person, and a hint where one action usually helps.
    public var description: String {
        switch code.value {
        case .unsupportedKind(let kind):
            "Cannot use '\(path)': it is \(Self.name(of: kind)), and a store object has only directories, regular files "
                + "and links"
        case .changed:
            "Cannot use '\(path)': it changed while it was read\nhint: try again when nothing writes to the store"
        case .tooDeep: "Cannot use '\(path)': more than \(DirectoryTree.maximumDepth) directories inside each other"
        case .whiteoutName:
            "Cannot pack '\(path)': in an image, a name that starts with '.wh.' means that a file is deleted"
        case .mismatch(let expected, let actual):
            "Store path '\(path)' does not have its registered content: expected \(expected), got \(actual)\n"
                + "hint: nix-store --repair-path '\(path)' fetches or builds it again"
        }
    }

    private static func name(of kind: FileStatus.Kind) -> String {
        switch kind {
        case .fifo: "a named pipe"
        case .characterDevice: "a character device"
        case .blockDevice: "a block device"
        case .other: "a socket"
        case .regular: "a regular file"
        case .directory: "a directory"
        case .symlink: "a link"
        }
    }
}
