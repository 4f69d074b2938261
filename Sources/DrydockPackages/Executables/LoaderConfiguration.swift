// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes
import DrydockFiles

/// The directories that a host's administrator lists for the dynamic loader.
///
/// glibc's loader reads `/etc/ld.so.cache`, which `ldconfig` makes of `/etc/ld.so.conf`. The cache may be stale, and
/// it prefers libraries for this machine's processor; the text says what was meant.
package struct LoaderConfiguration: Hashable, Sendable {
    /// The directories in the order in which they are searched.
    package private(set) var directories: [ByteString] = []

    /// The largest configuration file, in bytes.
    static let sizeLimit = 1 << 20
    /// How many files may be included in all.
    static let filesLimit = 1000

    private static let path: ByteString = "/etc/ld.so.conf"
    private var filesRead = 0
    private var open: [ByteString] = []

    /// Reads `/etc/ld.so.conf` and what it includes (ldconfig(8)); a host without that file has no directories.
    ///
    /// - Throws: ``LoaderConfigurationFailure``, ``PathFailure``, or `SystemError` when a file cannot be read.
    package init(of host: HostRoot) throws {
        try include(Self.path, host)
    }

    /// Reads the path file of a musl loader: directories that are separated by colons or lines.
    ///
    /// - Returns: Nil if there is no such file.
    static func muslDirectories(at path: ByteString, of host: HostRoot) throws -> [ByteString]? {
        guard let bytes = try content(of: path, host) else { return nil }
        let separators = Set(":\n".utf8)
        return bytes.split { separators.contains($0) }.map { ByteString($0) }
    }

    /// The bytes of a configuration file; nil if there is none.
    private static func content(of path: ByteString, _ host: HostRoot) throws -> [UInt8]? {
        let file: HostRoot.Resolution
        do {
            file = try host.resolve(path)
        } catch {
            if error.reason == .missing { return nil }
            throw error
        }
        guard file.kind == .regular else { return nil }
        guard file.size <= sizeLimit else { throw LoaderConfigurationFailure(.tooLarge, path: path) }
        return try host.open(file).prefix(sizeLimit)
    }

    private mutating func include(_ path: ByteString, _ host: HostRoot) throws {
        guard !open.contains(path) else { throw LoaderConfigurationFailure(.includesItself, path: path) }
        guard filesRead < Self.filesLimit else { throw LoaderConfigurationFailure(.tooManyFiles, path: path) }
        filesRead += 1
        guard let bytes = try Self.content(of: path, host) else { return }
        open.append(path)
        for line in bytes.split(separator: UInt8(ascii: "\n")) { try apply(line, from: path, host) }
        open.removeLast()
    }

    private mutating func apply(_ line: ArraySlice<UInt8>, from path: ByteString, _ host: HostRoot) throws {
        let words = line.prefix { $0 != UInt8(ascii: "#") }.split { Self.blanks.contains($0) }
        guard let first = words.first else { return }
        switch ByteString(first) {
        case "include" where words.count > 1:
            for pattern in words.dropFirst() {
                for file in try host.paths(matching: Self.absolute(pattern, besides: path)) { try include(file, host) }
            }
        // Old systems list processor features with this word; ldconfig ignores it too.
        case "hwcap" where words.count > 1: break
        default: add(line)
        }
    }

    private mutating func add(_ line: ArraySlice<UInt8>) {
        // `=` began the kind of the libraries in old versions, for example `/usr/lib=libc6`.
        var directory = line.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "=") }
        directory = directory.drop { Self.blanks.contains($0) }
        while let last = directory.last, Self.blanks.contains(last) { directory.removeLast() }
        while directory.count > 1, directory.last == UInt8(ascii: "/") { directory.removeLast() }
        let path = ByteString(directory)
        if directory.first == UInt8(ascii: "/"), !directories.contains(path) { directories.append(path) }
    }

    private static let blanks = Set(" \t\r\u{0B}\u{0C}".utf8)

    /// A pattern without a slash at its beginning belongs to the directory of the file that has it.
    private static func absolute(_ pattern: ArraySlice<UInt8>, besides path: ByteString) -> ByteString {
        if pattern.first == UInt8(ascii: "/") { return ByteString(pattern) }
        return ByteString(path.parent.bytes + [UInt8(ascii: "/")] + pattern)
    }
}
