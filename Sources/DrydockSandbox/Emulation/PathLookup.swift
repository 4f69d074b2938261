// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

/// Finds what a path of another thread means, in that thread's root, without ever leaving it.
///
/// Usually the kernel finds it in one call: openat2(2) keeps absolute paths below the root with `RESOLVE_IN_ROOT`, and
/// relative ones below their directory with `RESOLVE_BENEATH`. What that refuses — `..` above the directory, a link from
/// there to an absolute path, the links of `/proc` — is walked here name by name (`PathWalk`).
struct PathLookup {
    let thread: CallerThread
    /// The caller's descriptor that relative paths begin at, or `AT_FDCWD`.
    let directory: Int32

    /// Opens what a path means, only as a place.
    ///
    /// - Parameters:
    ///   - path: Without a NUL, not empty.
    ///   - followsLinks: Whether a link at its end is followed.
    /// - Returns: An `O_PATH` descriptor.
    /// - Throws: What the caller's own call would fail with.
    func open(_ path: [UInt8], followsLinks: Bool) throws(CallFailure) -> OwnedDescriptor {
        try open(path, from: start(of: path), followsLinks: followsLinks)
    }

    /// Where a path begins.
    func start(of path: [UInt8]) throws(CallFailure) -> OwnedDescriptor {
        // The directory does not matter for an absolute path, and need not even be one.
        try path.first == slash ? thread.root() : thread.start(directory)
    }

    /// The same from where the path begins.
    func open(
        _ path: [UInt8],
        from start: borrowing OwnedDescriptor,
        followsLinks: Bool
    ) throws(CallFailure) -> OwnedDescriptor {
        let flags = UInt64(pathOnlyFlag | (followsLinks ? 0 : O_NOFOLLOW))
        let number = start.number
        let resolve = path.first == slash ? resolveInRoot : resolveBeneath
        let result = unsafe ByteString(path).withCString { unsafe drydock_openat2(number, $0, flags, resolve) }
        if result >= 0 { return OwnedDescriptor(adopting: result) }
        switch -result {
        case EXDEV, ELOOP, EAGAIN: break
        // `/proc/self` is something else for each reader, and nothing for one outside of the process namespace.
        case ENOENT where Self.mayMentionCaller(path): break
        default: throw CallFailure(-result)
        }
        return try PathWalk.open(path, from: start, of: thread, followsLinks: followsLinks)
    }

    private static func mayMentionCaller(_ path: [UInt8]) -> Bool {
        path.contains { $0 == UInt8(ascii: "/") }
            && (path.starts(with: "/dev/".utf8) || path.starts(with: "/proc/".utf8)
                || String(decoding: path, as: UTF8.self).contains("self"))
    }
}

/// Where a call would make a file: the directory, and the name in it.
struct NewPlace: ~Copyable {
    let directory: OwnedDescriptor
    let name: ByteString

    consuming func intoDirectory() -> OwnedDescriptor { directory }
}

extension PathLookup {
    /// Finds the directory in which a file would be made.
    ///
    /// - Parameters:
    ///   - path: Without a NUL, not empty.
    ///   - followsLinks: Whether a link that is there stands for the name that it points to, as for `open`.
    /// - Returns: nil where no file is made: for a path that ends with `.` or `..`, or has no name at all, and for links of
    ///   `/proc`.
    /// - Throws: What the caller's own call would fail with.
    func newPlace(_ path: [UInt8], followsLinks: Bool) throws(CallFailure) -> NewPlace? {
        var place = try place(path, from: start(of: path))
        // The limit of the kernel, path_resolution(7).
        for _ in 0..<40 {
            guard let found = place.take() else { return nil }
            guard followsLinks, let target = Self.linkTarget(found) else { return found }
            // What `/dev/stdout` leads to is there, whatever the text of the link says.
            if drydock_file_system_type(found.directory.number) == procMagic { return nil }
            place = try self.place(target, from: target.first == slash ? thread.root() : found.intoDirectory())
        }
        throw CallFailure(ELOOP)
    }

    private func place(_ path: [UInt8], from start: consuming OwnedDescriptor) throws(CallFailure) -> NewPlace? {
        let end = path.lastIndex { $0 != slash }.map { $0 + 1 } ?? 0
        let beginning = path[..<end].lastIndex(of: slash).map { $0 + 1 } ?? 0
        let name = ByteString(path[beginning..<end])
        if name.isEmpty || name == "." || name == ".." { return nil }
        if beginning == 0 { return NewPlace(directory: start, name: name) }
        let directory = try open(Array(path[..<beginning]), from: start, followsLinks: true)
        return NewPlace(directory: directory, name: name)
    }

    private static func linkTarget(_ place: borrowing NewPlace) -> [UInt8]? {
        let directory = place.directory.number
        return unsafe place.name.withCString { unsafe readLink($0, in: directory) }
    }
}

/// The target of a symbolic link; nil if it is none.
func readLink(_ name: UnsafePointer<CChar>, in directory: Int32) -> [UInt8]? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe drydock_readlinkat(directory, name, &target, target.count)
    return length < 0 ? nil : target[..<length].map { UInt8(bitPattern: $0) }
}

private let slash = UInt8(ascii: "/")

/// `RESOLVE_BENEATH` and `RESOLVE_IN_ROOT` of linux/openat2.h.
private let resolveBeneath: UInt64 = 0x08
private let resolveInRoot: UInt64 = 0x10
