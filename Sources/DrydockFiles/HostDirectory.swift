// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
public import DrydockBytes
import Glibc

/// An open directory and what can be asked of the names in it.
public struct HostDirectory: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    /// The path in the user's words, for messages.
    public let path: String

    /// The number of the open descriptor.
    public var number: Int32 { descriptor.number }

    /// Opens a directory by its path.
    ///
    /// - Throws: ``SystemError``, also when it is not a directory.
    public init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Opens the directory `name` in `parent`.
    ///
    /// - Parameters:
    ///   - name: The entry's name.
    ///   - parent: Where it is.
    ///   - followingLinks: False refuses a symbolic link in place of the directory.
    /// - Throws: ``SystemError``.
    public init(
        _ name: ByteString,
        in parent: borrowing HostDirectory,
        followingLinks: Bool
    ) throws(SystemError) {
        let flags = O_RDONLY | O_DIRECTORY | (followingLinks ? 0 : O_NOFOLLOW)
        let path = parent.path(of: name)
        let result = unsafe name.withCString { unsafe drydock_openat(parent.number, $0, flags, 0) }
        descriptor = OwnedDescriptor(adopting: try checked(result, "open", path))
        self.path = path
    }

    /// Opens a directory for what is in it: it need not be readable, as homes often are not.
    ///
    /// - Throws: ``SystemError``.
    public init(entering path: String) throws(SystemError) {
        self.path = path
        descriptor = try OwnedDescriptor(opening: path, flags: Self.pathOnly | O_DIRECTORY)
    }

    /// Opens the directory `name` in `parent` for what is in it, also where a link leads to it.
    ///
    /// - Throws: ``SystemError``.
    public init(entering name: ByteString, in parent: borrowing HostDirectory) throws(SystemError) {
        let path = parent.path(of: name)
        let flags = Self.pathOnly | O_DIRECTORY
        let result = unsafe name.withCString { unsafe drydock_openat(parent.number, $0, flags, 0) }
        descriptor = OwnedDescriptor(adopting: try checked(result, "open", path))
        self.path = path
    }

    /// `O_PATH`, which the C library shows only with GNU extensions.
    private static let pathOnly: Int32 = 0o10000000

    /// Takes ownership of an open directory.
    init(adopting descriptor: consuming OwnedDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// The path of an entry in the user's words.
    public func path(of name: ByteString) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    /// The status of the directory itself.
    ///
    /// - Throws: ``SystemError``.
    public func status() throws(SystemError) -> FileStatus { try descriptor.status(path: path) }

    /// The directory's path on this host without links, as `/proc` tells it.
    ///
    /// - Throws: ``SystemError``.
    public func realPath() throws(SystemError) -> ByteString {
        try HostDirectory(entering: "/proc/self/fd").linkTarget(of: ByteString("\(number)"))
    }

    /// Opens the file `name` for reading, never through a symbolic link.
    ///
    /// - Throws: ``SystemError``.
    public func open(_ name: ByteString) throws(SystemError) -> OwnedDescriptor {
        // O_NONBLOCK: a pipe that has taken the file's place must not make the program wait.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        let result = unsafe name.withCString { unsafe drydock_openat(number, $0, flags, 0) }
        return OwnedDescriptor(adopting: try checked(result, "read", path(of: name)))
    }

    /// The status of the entry `name`.
    ///
    /// - Throws: ``SystemError``.
    public func status(of name: ByteString, followingLinks: Bool) throws(SystemError) -> FileStatus {
        var raw = drydock_stat()
        let result = unsafe name.withCString { unsafe drydock_statat(number, $0, followingLinks ? 1 : 0, &raw) }
        _ = try checked(result, "read", path(of: name))
        return FileStatus(raw)
    }

    /// Where the symbolic link `name` points to, as it is written there.
    ///
    /// - Throws: ``SystemError``.
    public func linkTarget(of name: ByteString) throws(SystemError) -> ByteString {
        // PATH_MAX is the longest target that Linux allows.
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe name.withCString { unsafe drydock_readlinkat(number, $0, &target, target.count) }
        let count = Int(try checked(length, "read", path(of: name)))
        return ByteString(target[..<count].map { UInt8(bitPattern: $0) })
    }

    /// The names in the directory without `.` and `..`, sorted by bytes.
    ///
    /// - Parameter isWanted: Tells which of them; it sees each before there is a copy of it.
    /// - Returns: Those names.
    /// - Throws: ``SystemError``.
    public func names(
        where isWanted: (borrowing Span<UInt8>) -> Bool = { _ in true }
    ) throws(SystemError) -> [ByteString] {
        let copy = try checked(unsafe drydock_openat(number, ".", O_RDONLY | O_DIRECTORY, 0), "read", path)
        guard let stream = unsafe fdopendir(copy) else {
            let errorNumber = errno
            _ = Glibc.close(copy)
            throw SystemError("read", path, errorNumber: errorNumber)
        }
        defer { _ = unsafe closedir(stream) }
        var names: [ByteString] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe Self.name(of: entry)
            guard unsafe isWanted(name.span) else { continue }
            let wanted = unsafe ByteString(Array(name))
            if wanted != "." && wanted != ".." { names.append(wanted) }
        }
        if errno != 0 { throw SystemError("read", path, errorNumber: errno) }
        return names.sorted()
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> UnsafeBufferPointer<UInt8> {
        let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
        let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self)
        let length = unsafe strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
        return unsafe UnsafeBufferPointer(start: start, count: length)
    }
}
