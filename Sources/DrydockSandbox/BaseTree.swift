// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import Glibc

/// What an entry was before a run.
struct BaseFacts {
    let kind: FileStatus.Kind
    let mode: UInt16
    let uid: UInt32
    let gid: UInt32
    let attributes: [SandboxChange.Attribute]
    /// The lower directory that it is in.
    let directory: String
}

/// The lower directories of a root, as far as they show through.
struct BaseTree {
    /// The highest first.
    let directories: [String]
    private let owners: [ByteString: SandboxRoot.Owner]

    init(root: SandboxRoot) {
        directories = root.lower.reversed()
        owners = Dictionary(root.owners.map { ($0.path, $0) }) { _, last in last }
    }

    /// What is at a path, whose parents are directories in each of `directories`.
    func facts(of path: ByteString, in directories: [String]) -> BaseFacts? {
        for directory in directories {
            guard let parent = try? HostDirectory(directory).descending(to: path.parent),
                let status = try? parent.status(of: path.isEmpty ? "." : path.lastName, followingLinks: false)
            else { continue }
            let owner = owners[path]
            return BaseFacts(
                kind: status.kind,
                mode: owner?.mode ?? status.mode,
                uid: owner?.uid ?? 0,
                gid: owner?.gid ?? 0,
                attributes: attributes(of: path.isEmpty ? "." : path.lastName, in: parent, owner),
                directory: directory
            )
        }
        return nil
    }

    private func attributes(
        of name: ByteString,
        in parent: borrowing HostDirectory,
        _ owner: SandboxRoot.Owner?
    ) -> [SandboxChange.Attribute] {
        let names = (try? parent.extendedAttributeNames(of: name)) ?? []
        var found: [SandboxChange.Attribute] = []
        for attribute in names where attribute.bytes.starts(with: "user.".utf8) {
            guard let value = try? parent.extendedAttribute(attribute, of: name) else { continue }
            found.append(.init(name: attribute, value: value))
        }
        // Nobody but root can set capabilities in the directory itself.
        if let value = owner?.capability { found.append(.init(name: EmulatedAttribute.capability, value: value)) }
        return found.sorted { $0.name < $1.name }
    }
}

/// One directory of the base: in which lower directories it shows through.
struct BaseDirectory {
    /// The highest first.
    let directories: [String]

    /// A directory that was not there.
    init() { directories = [] }

    init(_ tree: BaseTree) { directories = tree.directories }

    private init(directories: [String]) { self.directories = directories }

    /// The names in it; in a lower directory every one is real, for what hides in one is made of files.
    func names(at path: ByteString) throws -> [ByteString] {
        var names: Set<ByteString> = []
        for directory in directories {
            guard let found = try? HostDirectory(directory).descending(to: path) else { continue }
            names.formUnion(try found.names())
        }
        return names.sorted()
    }

    /// A directory in it.
    func below(_ path: ByteString) -> BaseDirectory {
        // From the first lower directory on in which it is something else, nothing shows through.
        let visible = directories.prefix { directory in
            guard let parent = try? HostDirectory(directory).descending(to: path.parent) else { return true }
            guard let status = try? parent.status(of: path.lastName, followingLinks: false) else { return true }
            return status.kind == .directory
        }
        return BaseDirectory(directories: Array(visible))
    }
}

extension HostDirectory {
    /// The directory at a path below, through no link.
    func descending(to path: ByteString) throws(SystemError) -> HostDirectory {
        var current = try HostDirectory(".", in: self, followingLinks: false)
        for name in path.bytes.split(separator: UInt8(ascii: "/")) {
            current = try HostDirectory(ByteString(name), in: current, followingLinks: false)
        }
        return current
    }

    /// The target of a link at a path below.
    func target(at path: ByteString) throws(SystemError) -> ByteString {
        try descending(to: path.parent).linkTarget(of: path.lastName)
    }
}

extension ByteString {
    /// What is behind the last slash.
    var lastName: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return ByteString(bytes[(slash + 1)...])
    }
}

/// Compares the bytes of two files.
enum FileComparison {
    private static let stepSize = 256 << 10

    static func areEqual(_ left: String, _ leftPath: ByteString, _ right: String, _ rightPath: ByteString) throws
        -> Bool
    {
        let leftFile = try open(left, leftPath)
        let rightFile = try open(right, rightPath)
        let size = try leftFile.status(path: left).size
        guard try rightFile.status(path: right).size == size else { return false }
        let leftBytes = AlignedBuffer(capacity: stepSize)
        let rightBytes = AlignedBuffer(capacity: stepSize)
        var offset: Int64 = 0
        while offset < size {
            leftBytes.count = try unsafe leftFile.read(into: leftBytes.storage, at: offset, path: left)
            rightBytes.count = try unsafe rightFile.read(into: rightBytes.storage, at: offset, path: right)
            guard leftBytes.count == rightBytes.count, leftBytes.count > 0 else { return false }
            let areEqual = unsafe leftBytes.bytes.elementsEqual(rightBytes.bytes)
            guard areEqual else { return false }
            offset += Int64(leftBytes.count)
        }
        return true
    }

    private static func open(_ directory: String, _ path: ByteString) throws -> OwnedDescriptor {
        try HostDirectory(directory).descending(to: path.parent).open(path.lastName)
    }
}
