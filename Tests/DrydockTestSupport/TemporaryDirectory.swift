// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Calls `body` with the absolute path of a new, empty directory, and removes it with all it holds afterwards.
///
/// - Throws: What `body` throws, and ``Command/Failure`` if something could not be removed.
public func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = try TemporaryDirectory.make()
    return try await cleaningUp {
        try await body(path)
    } cleanup: {
        try await TemporaryDirectory.remove(path)
    }
}

/// Calls `body` with a new file system in memory that holds at most `size` bytes.
///
/// Needs root. The kernel rounds the size up to pages and also counts directories.
/// - Throws: What `body` throws, and ``Command/Failure`` if mounting or unmounting fails.
public func withTmpfs<Result>(size: Int, _ body: (String) async throws -> Result) async throws -> Result {
    try await withMount(arguments: { _ in ["-t", "tmpfs", "-o", "size=\(size),mode=0755", "tmpfs"] }, body)
}

/// Calls `body` with a new ext4 file system of `size` bytes on a loop device.
///
/// Needs root. The directory `lost+found` is removed, so that the file system is empty.
/// - Throws: What `body` throws, and ``Command/Failure`` if making, mounting or unmounting fails.
public func withExt4<Result>(
    size: Int = 64 << 20,
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withMount(
        arguments: { directory in
            let image = directory + "/image"
            try await Command.check(["truncate", "--size=\(size)", image])
            try await Command.check(["mkfs.ext4", "-q", "-F", image])
            return ["-o", "loop", image]
        },
        { path in
            try FileManager.default.removeItem(atPath: path + "/lost+found")
            return try await body(path)
        }
    )
}

private func withMount<Result>(
    arguments: (String) async throws -> [String],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        let path = directory + "/mounted"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try await Command.check(["mount"] + arguments(directory) + [path])
        return try await cleaningUp {
            try await body(path)
        } cleanup: {
            try await unmount(path)
        }
    }
}

/// Unmounts, once nobody has a file open there any more.
///
/// A process that another test is starting just then holds copies of all descriptors until it has become its program.
/// - Throws: ``Command/Failure`` if that takes more than some seconds, or unmounting fails.
public func unmount(_ path: String) async throws {
    try await Command.cleanUp(["sh", "-c", unmountScript, "sh", path])
}

private let unmountScript = """
    for attempt in $(seq 100); do
        message=$(umount "$1" 2>&1) && exit
        case $message in *busy*) sleep 0.05 ;; *) break ;; esac
    done
    printf '%s\n' "$message" >&2
    exit 1
    """

/// Makes a mounted file system read-only, once nobody has a file open there for writing any more.
///
/// A process that another test is starting just then holds copies of all descriptors until it has become its program.
/// - Throws: ``Command/Failure`` if that takes more than some seconds.
public func remountReadOnly(_ mounted: String) async throws {
    let script = """
        for attempt in $(seq 100); do
            message=$(mount -o remount,ro "$1" 2>&1) && exit
            sleep 0.05
        done
        printf '%s\n' "$message" >&2
        exit 1
        """
    try await Command.check(["sh", "-c", script, "sh", mounted])
}

/// Calls `cleanup` after `body`, also when `body` throws; then its error counts, not one of `cleanup`.
func cleaningUp<Result>(
    _ body: () async throws -> Result,
    cleanup: () async throws -> Void
) async throws -> Result {
    let result: Result
    do {
        result = try await body()
    } catch {
        try? await cleanup()
        throw error
    }
    try await cleanup()
    return result
}

/// Makes and removes directories with names that nothing else has.
enum TemporaryDirectory {
    /// Makes one with a short path: a socket's may have 107 bytes, a directory of Podman's 50.
    static func make() throws -> String {
        let path =
            URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path
            + "/drydock-" + UUID().uuidString.lowercased().prefix(8)
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755]
        )
        // The umask of whoever runs the tests may have taken bits away.
        _ = unsafe chmod(path, 0o755)
        return path
    }

    /// Removes a tree with whatever names and modes it has.
    ///
    /// By programs, because Foundation cannot name a file whose name is not UTF-8; never across a mount point.
    static func remove(_ path: String) async throws {
        if !Tools.isRoot { try? await Command.cleanUp(["chmod", "-R", "u+rwX", path]) }
        try await Command.cleanUp(["rm", "-rf", "--one-file-system", "--", path])
    }
}
