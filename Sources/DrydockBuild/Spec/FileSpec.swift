// SPDX-License-Identifier: Apache-2.0

/// A declared entry of the image: a file, a directory or a symbolic link.
public struct FileSpec: Hashable, Sendable {
    /// What the entry is.
    public enum Content: Hashable, Sendable {
        /// A regular file with this text, as UTF-8.
        case text(String)
        /// A regular file with the bytes of a file; the path may be relative to the spec's directory.
        case source(String)
        /// A directory.
        case directory
        /// A symbolic link to this target, which is kept as it is.
        case symlink(String)
    }

    /// The absolute, normalised path in the image; `/` only for a directory.
    public var path: String
    /// What the entry is.
    public var content: Content
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// The permission bits with setuid, setgid and sticky.
    ///
    /// nil means 0755 for a directory, 0644 for a text, and for a source 0755 if its owner may execute it, else 0644.
    public var mode: UInt16?
    /// The modification time; nil for the image's own.
    public var mtime: Timestamp?
    /// Extended attributes, name to value: `security.capability` and names in `user.`.
    public var xattrs: [String: [UInt8]] = [:]

    /// An entry that belongs to root and has the usual mode.
    public init(path: String, content: Content) {
        self.path = path
        self.content = content
    }
}

extension FileSpec {
    static let keys = SpecKeys([
        "path", "text", "source", "directory", "symlink", "owner", "mode", "mtime", "xattrs",
    ])
    private static let kinds = ["text", "source", "directory", "symlink"]

    /// Reads an element of `files`.
    static func read(_ field: SpecField) -> FileSpec? {
        guard let map = field.map(keys) else { return nil }
        let kind = map.only(of: kinds)
        let path = map.required("path")?.string(kind?.key == "directory" ? .imageDirectory : .imagePath)
        let content = kind.flatMap(content)
        var file = FileSpec(path: path ?? "/", content: content ?? .directory)
        if let owner = map["owner"]?.string(.owner).flatMap(OwnerText.parse) { (file.uid, file.gid) = owner }
        if let mode = map["mode"]?.string(.mode) { file.mode = ModeText.parse(mode) }
        file.mtime = map["mtime"]?.string(.timestamp).flatMap { Timestamp($0) }
        if let xattrs = map["xattrs"] { file.xattrs = ExtendedAttribute.read(xattrs) }
        checkCombinations(map, kind: kind?.key)
        return path == nil || content == nil ? nil : file
    }

    private static func content(_ kind: SpecField) -> Content? {
        switch kind.key {
        case "text": return kind.string(.content).map { .text($0) }
        case "source": return kind.string(.nonemptyText).map { .source($0) }
        case "symlink": return kind.string(.nonemptyText).map { .symlink($0) }
        default:
            guard let value = kind.bool() else { return nil }
            if !value { kind.report("'directory' must be true", hint: "leave it out for anything but a directory") }
            return value ? .directory : nil
        }
    }

    private static func checkCombinations(_ map: SpecMap, kind: String?) {
        if kind == "symlink" {
            map.forbid("mode", "A symbolic link has no mode")
            map.forbid("xattrs", "A symbolic link cannot have extended attributes")
        }
        if kind == "directory", case .map(let entries) = map["xattrs"]?.node.value,
            let entry = entries.first(where: { $0.key == ExtendedAttribute.capability && !$0.value.isNull })
        {
            let problem = SpecProblem("Only a regular file can have 'security.capability'")
            map.reader.report(problem, at: entry.keyNode.place)
        }
    }
}
