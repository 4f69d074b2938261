// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// Follows a path name by name, as path_resolution(7) says, for a thread with a root of its own.
///
/// No step can leave that root: each opens one name in a directory that is open, `..` stops at the root, and a link's
/// text is walked like the path. Links of `/proc` lead where the kernel says, if that is on a mount of the sandbox.
struct PathWalk: ~Copyable {
    private let thread: CallerThread
    private let root: OwnedDescriptor
    private var current: OwnedDescriptor
    /// What is left to walk, the next name last.
    private var names: [ArraySlice<UInt8>]
    private var linkCount = 0

    /// Opens what a path means, only as a place.
    ///
    /// - Parameters:
    ///   - path: Not empty.
    ///   - start: Where it begins: the root for an absolute path.
    ///   - thread: Whose root and `/proc/self` count.
    ///   - followsLinks: Whether a link at its end is followed.
    /// - Returns: An `O_PATH` descriptor.
    /// - Throws: What the caller's own call would fail with.
    static func open(
        _ path: [UInt8],
        from start: borrowing OwnedDescriptor,
        of thread: CallerThread,
        followsLinks: Bool
    ) throws(CallFailure) -> OwnedDescriptor {
        let first = OwnedDescriptor(adopting: try succeeded(drydock_duplicate(start.number)))
        var walk = PathWalk(thread: thread, root: try thread.root(), current: first, names: names(of: path))
        while let name = walk.names.popLast() {
            try walk.step(name, followsLink: followsLinks || !walk.names.isEmpty)
        }
        return walk.finish()
    }

    private init(
        thread: CallerThread,
        root: consuming OwnedDescriptor,
        current: consuming OwnedDescriptor,
        names: [ArraySlice<UInt8>]
    ) {
        self.thread = thread
        self.root = root
        self.current = current
        self.names = names
    }

    private consuming func finish() -> OwnedDescriptor { current }

    /// The names of a path, the first one last; a slash at the end counts as `.`, which only a directory has.
    private static func names(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        var names = Array(path.split(separator: UInt8(ascii: "/")).reversed())
        if path.last == UInt8(ascii: "/") { names.insert([UInt8(ascii: ".")], at: 0) }
        return names
    }

    private mutating func step(_ name: ArraySlice<UInt8>, followsLink: Bool) throws(CallFailure) {
        if name.elementsEqual("..".utf8), try isSame(current, root) { return }
        let text = name.map { CChar(bitPattern: $0) } + [0]
        let next = try Self.open(text, in: current, flags: O_NOFOLLOW)
        let facts = try Self.facts(of: next)
        guard facts.isSymlink, followsLink else {
            current = next
            return
        }
        linkCount += 1
        if linkCount > 40 { throw CallFailure(ELOOP) }
        try follow(next, named: name, text: text)
    }

    private mutating func follow(
        _ link: borrowing OwnedDescriptor,
        named name: ArraySlice<UInt8>,
        text: [CChar]
    ) throws(CallFailure) {
        var target: [UInt8]?
        if drydock_file_system_type(link.number) == procMagic {
            // Below the numbered directories every link leads to an object, whatever its text says.
            guard try Self.facts(of: current).inode == procRootInode else {
                current = try Self.open(text, in: current, flags: 0)
                return try requireInside(current)
            }
            target = try Self.callersOwn(name, thread)
        }
        guard let path = unsafe target ?? readLink("", in: link.number), !path.isEmpty else {
            throw CallFailure(ENOENT)
        }
        if path.first == UInt8(ascii: "/") { current = try thread.root() }
        names += Self.names(of: path)
    }

    /// Makes sure that a link of `/proc` has not led out of the sandbox: where the host's own `/proc` is to be seen, one of
    /// another process would, and this process may follow it where the caller may not.
    ///
    /// - Throws: `EACCES`, as the kernel would.
    private func requireInside(_ file: borrowing OwnedDescriptor) throws(CallFailure) {
        if pipeMagics.contains(drydock_file_system_type(file.number)) { return }
        let mount = try Self.facts(of: file).mount
        // A root directory below its mount's own is not in the list.
        if try mount == Self.facts(of: root).mount { return }
        guard thread.mounts.contains(mount) else { throw CallFailure(EACCES) }
    }

    /// The target of `/proc/self` and `/proc/thread-self` as the caller would read it.
    private static func callersOwn(_ name: ArraySlice<UInt8>, _ thread: CallerThread) throws(CallFailure) -> [UInt8]? {
        let isThread = name.elementsEqual("thread-self".utf8)
        guard isThread || name.elementsEqual("self".utf8) else { return nil }
        guard let numbers = thread.ownNumbers else { throw CallFailure(ENOENT) }
        return Array((isThread ? "\(numbers.process)/task/\(numbers.thread)" : numbers.process).utf8)
    }

    private static func open(
        _ name: [CChar],
        in directory: borrowing OwnedDescriptor,
        flags: Int32
    ) throws(CallFailure) -> OwnedDescriptor {
        let result = unsafe drydock_openat2(directory.number, name, UInt64(pathOnlyFlag | flags), 0)
        return OwnedDescriptor(adopting: try succeeded(result))
    }

    private static func facts(of file: borrowing OwnedDescriptor) throws(CallFailure) -> drydock_file_facts {
        var facts = drydock_file_facts()
        _ = try succeeded(unsafe drydock_file_facts(file.number, "", emptyPathFlag, &facts))
        return facts
    }

    private func isSame(_ first: borrowing OwnedDescriptor, _ second: borrowing OwnedDescriptor) throws(CallFailure)
        -> Bool
    {
        let (first, second) = (try Self.facts(of: first), try Self.facts(of: second))
        return first.device == second.device && first.inode == second.inode && first.mount == second.mount
    }
}

/// `PROC_SUPER_MAGIC` of linux/magic.h.
let procMagic: Int64 = 0x9fa0

/// `PROC_ROOT_INO` of the kernel.
private let procRootInode: UInt64 = 1

/// `PIPEFS_MAGIC` and `SOCKFS_MAGIC`: nothing there can be reached by a path, so none of it leads on.
private let pipeMagics: [Int64] = [0x5049_5045, 0x534f_434b]
