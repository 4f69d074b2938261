// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// An entry that cannot stand in a tar archive.
public struct TarWritingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the entry.
    public enum Reason: Hashable, Sendable {
        /// The name is empty.
        case emptyName
        /// The name has a NUL byte.
        case nameWithNUL
        /// The name of something other than a directory ends with a slash.
        case nameWithTrailingSlash
        /// The link leads nowhere.
        case emptyLinkTarget
        /// The link's target has a NUL byte.
        case linkTargetWithNUL
        /// The owner's or the group's name has a NUL byte.
        case ownerNameWithNUL(String)
        /// A number is not in the range that the format can hold.
        case outOfRange(field: String, value: Int64, highest: Int64)
        /// An attribute's name is empty, has a NUL byte or an equals sign.
        case attributeName(ByteString)
        /// Two attributes have the same name.
        case repeatedAttribute(ByteString)
    }

    /// The entry's name.
    public let name: ByteString
    /// What is wrong with the entry.
    public let reason: Reason

    /// A failure of the entry called `name`.
    package init(_ reason: Reason, name: ByteString) {
        self.reason = reason
        self.name = name
    }

    /// For example: `Cannot write 'etc/motd' to a tar archive: its mode is 65535, the highest possible is 4095`.
    public var description: String { "Cannot write '\(name)' to a tar archive: \(reason.text)" }
}

extension TarWritingFailure.Reason {
    fileprivate var text: String {
        switch self {
        case .emptyName: "its name is empty"
        case .nameWithNUL: "its name contains a NUL byte"
        case .nameWithTrailingSlash: "its name ends with a slash, but it is not a directory"
        case .emptyLinkTarget: "the target of the link is empty"
        case .linkTargetWithNUL: "the target of the link contains a NUL byte"
        case .ownerNameWithNUL(let name): "the owner or group name '\(ByteString(name))' contains a NUL byte"
        case .outOfRange(let field, let value, _) where value < 0: "its \(field) is \(value), the lowest possible is 0"
        case .outOfRange(let field, let value, let highest):
            "its \(field) is \(value), the highest possible is \(highest)"
        case .attributeName(let name): "the attribute name '\(name)' is empty or contains '=' or a NUL byte"
        case .repeatedAttribute(let name): "the attribute '\(name)' is given twice"
        }
    }
}
