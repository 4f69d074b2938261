// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes
package import DrydockFiles
import Glibc

/// The file system of the host, or a directory that is taken for its root.
///
/// All paths are paths inside this root; nothing outside of it is ever reached, because every link is followed here
/// and not by the kernel.
package struct HostRoot: Sendable {
    /// What a path leads to.
    package struct Resolution: Hashable, Sendable {
        /// The path without links, `.` and `..`.
        package let path: ByteString
        /// The links that were followed, in the order in which they were met.
        package let links: [ExecutableClosure.Link]
        /// What is there.
        package let kind: FileStatus.Kind
        /// Whether somebody may execute it.
        package let isExecutable: Bool
        /// The size in bytes.
        let size: UInt64
    }

    /// How many symbolic links Linux follows in one path (`MAXSYMLINKS`, path_resolution(7)).
    package static let linkLimit = 40
    /// The longest target of a link, in bytes (`PATH_MAX`).
    private static let targetLimit = 4096
    private static let slash = UInt8(ascii: "/")

    private let prefix: [UInt8]

    /// A directory that is taken for the root of a host; `/` is the host itself.
    package init(_ directory: String) {
        var bytes = Array(directory.utf8)
        while bytes.last == Self.slash { bytes.removeLast() }
        prefix = bytes
    }

    /// Follows a path as the kernel does: component by component, through every link.
    package func resolve(_ path: ByteString) throws(PathFailure) -> Resolution {
        guard path.bytes.first == Self.slash else {
            throw PathFailure(path.isEmpty ? .missing : .relative, path: path)
        }
        guard !path.bytes.contains(0) else { throw PathFailure(.zeroByte, path: path) }
        var walk = Walk(path)
        while let component = walk.next() {
            try step(component, &walk)
        }
        return Resolution(
            path: walk.place,
            links: walk.links,
            kind: walk.status.kind,
            isExecutable: walk.status.isExecutable,
            size: walk.status.size
        )
    }

    /// Whether a path leads to a directory.
    package func isDirectory(_ path: ByteString) -> Bool { (try? resolve(path))?.kind == .directory }

    /// The names in a directory, sorted, without `.` and `..`.
    package func names(in directory: Resolution) throws(PathFailure) -> [ByteString] {
        do {
            var place = try HostDirectory(prefix.isEmpty ? "/" : String(decoding: prefix, as: UTF8.self))
            for component in directory.path.bytes.split(separator: Self.slash) {
                place = try HostDirectory(ByteString(component), in: place, followingLinks: false)
            }
            return try place.names()
        } catch {
            throw PathFailure(.system(error.errorNumber), path: directory.path)
        }
    }

    /// Opens a regular file.
    func open(_ file: Resolution) throws -> HostFile {
        // A file that was exchanged since it was resolved: links are refused, and a pipe must not make us wait.
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let number = unsafe systemPath(file.path).withCString { unsafe Glibc.open($0, flags) }
        guard number >= 0 else { throw PathFailure(.system(errno), path: file.path) }
        let descriptor = OwnedDescriptor(adopting: number)
        let status = try descriptor.status(path: file.path.description)
        guard status.kind == .regular else { throw PathFailure(.system(ESTALE), path: file.path) }
        return HostFile(path: file.path, size: UInt64(clamping: status.size), descriptor: descriptor)
    }

    private func step(_ component: ArraySlice<UInt8>, _ walk: inout Walk) throws(PathFailure) {
        guard walk.status.kind == .directory else { throw walk.failure(.notDirectory(walk.place)) }
        if component.elementsEqual(".".utf8) { return }
        if component.elementsEqual("..".utf8) { return walk.leave() }
        let status = try status(of: component, walk)
        guard status.kind == .symlink else { return walk.enter(component, status) }
        let link = ExecutableClosure.Link(
            path: walk.path(of: component),
            target: try target(of: component, walk)
        )
        guard walk.links.count < Self.linkLimit else { throw walk.failure(.tooManyLinks) }
        walk.follow(link)
    }

    private func status(of component: ArraySlice<UInt8>, _ walk: Walk) throws(PathFailure) -> Walk.Status {
        var raw = stat()
        let result = unsafe systemPath(walk.path(of: component)).withCString { unsafe lstat($0, &raw) }
        guard result == 0 else {
            let errorNumber = errno
            guard errorNumber == ENOENT else { throw walk.failure(.system(errorNumber)) }
            guard let link = walk.currentLink else { throw walk.failure(.missing) }
            throw walk.failure(.dangling(link: link.path, target: link.target))
        }
        let kind: FileStatus.Kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            default: .other
            }
        return Walk.Status(
            kind: kind,
            isExecutable: raw.st_mode & 0o111 != 0,
            size: UInt64(clamping: raw.st_size)
        )
    }

    private func target(of component: ArraySlice<UInt8>, _ walk: Walk) throws(PathFailure) -> ByteString {
        var buffer = [CChar](repeating: 0, count: Self.targetLimit)
        let path = systemPath(walk.path(of: component))
        let count = unsafe path.withCString { unsafe readlink($0, &buffer, Self.targetLimit) }
        guard count > 0 else { throw walk.failure(.system(errno)) }
        return ByteString(buffer[..<count].map { UInt8(bitPattern: $0) })
    }

    /// The path that the kernel is given.
    private func systemPath(_ path: ByteString) -> ByteString { ByteString(prefix + path.bytes) }
}

/// The way along one path: what has been passed, and what is still to come.
private struct Walk {
    struct Status {
        let kind: FileStatus.Kind
        let isExecutable: Bool
        let size: UInt64
    }

    private(set) var links: [ExecutableClosure.Link] = []
    private(set) var status = Self.root
    private let path: ByteString
    private var passed: [(name: ArraySlice<UInt8>, status: Status)] = []
    /// What is still to come, the next one last.
    private var pending: [ArraySlice<UInt8>]
    /// The links whose targets are being passed, each with how many components stand behind it.
    private var open: [(link: ExecutableClosure.Link, behind: Int)] = []

    private static let root = Status(kind: .directory, isExecutable: true, size: 0)

    init(_ path: ByteString) {
        self.path = path
        pending = Self.components(path)
    }

    /// The path of what has been reached.
    var place: ByteString {
        passed.isEmpty ? "/" : ByteString(passed.flatMap { [UInt8(ascii: "/")] + $0.name })
    }

    /// The link to whose target the component that was taken last belongs.
    var currentLink: ExecutableClosure.Link? { open.last?.link }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let component = pending.popLast() else { return nil }
        while let last = open.last, last.behind > pending.count { open.removeLast() }
        return component
    }

    mutating func enter(_ name: ArraySlice<UInt8>, _ status: Status) {
        passed.append((name, status))
        self.status = status
    }

    mutating func leave() {
        _ = passed.popLast()
        status = passed.last?.status ?? Self.root
    }

    mutating func follow(_ link: ExecutableClosure.Link) {
        links.append(link)
        open.append((link, pending.count))
        pending += Self.components(link.target)
        if link.target.bytes.first == UInt8(ascii: "/") {
            passed = []
            status = Self.root
        }
    }

    func path(of name: ArraySlice<UInt8>) -> ByteString {
        ByteString((passed.isEmpty ? [] : place.bytes) + [UInt8(ascii: "/")] + name)
    }

    func failure(_ reason: PathFailure.Reason) -> PathFailure { PathFailure(reason, path: path) }

    /// The components in reverse; a slash at the end asks for a directory, as `.` does.
    private static func components(_ path: ByteString) -> [ArraySlice<UInt8>] {
        let slash = UInt8(ascii: "/")
        let parts = Array(path.bytes.split(separator: slash).reversed())
        return path.bytes.last == slash ? [[UInt8(ascii: ".")]] + parts : parts
    }
}
