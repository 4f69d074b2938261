// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Files that exist under their final name with all their bytes or not at all.
@Suite
struct PendingFileTests {
    @Test
    func `a pipe is not replaced`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/pipe"
            try await Command.check(["mkfifo", path])
            let error = #expect(throws: SystemError.self) { _ = try PendingFile(for: path).number }
            #expect(
                error?.description == """
                    Cannot replace '\(path)': file exists (EEXIST)
                    hint: it is no regular file; name another, or write '-' for standard output
                    """
            )
            #expect(try FileStatus(of: path).kind == .fifo)
        }
    }

    @Test
    func `nothing is there before the commit, and everything after it`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/image.tar"
            let file = try PendingFile(for: path)
            try write("all of it", to: file)
            #expect(try names(in: directory) == [])
            try file.commit()
            #expect(try names(in: directory) == ["image.tar"])
            #expect(try text(path) == "all of it")
        }
    }

    @Test
    func `what is not committed leaves nothing`() async throws {
        try await withTemporaryDirectory { directory in
            do {
                let file = try PendingFile(for: directory + "/image.tar")
                try write("half of it", to: file)
            }
            #expect(try names(in: directory) == [])
        }
    }

    @Test
    func `the file that was there stays until the commit replaces it`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/image.tar"
            try Data("old".utf8).write(to: URL(filePath: path))
            let file = try PendingFile(for: path)
            try write("new", to: file)
            #expect(try text(path) == "old")
            try file.commit()
            #expect(try text(path) == "new")
            #expect(try names(in: directory) == ["image.tar"])
        }
    }

    @Test(arguments: [UInt16(0o600), 0o664, 0o755])
    func `a file has the permissions of the one that it replaces, whatever the umask is`(mode: UInt16) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/image.tar"
            try Data("old".utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: Int(mode)], ofItemAtPath: path)
            let file = try PendingFile(for: path)
            try write("new", to: file)
            try file.commit()
            #expect(try FileStatus(of: path).mode == mode)
            #expect(try text(path) == "new")
        }
    }

    @Test
    func `a file that replaces a link does not have the permissions of what that leads to`() async throws {
        try await withTemporaryDirectory { directory in
            try Data("secret".utf8).write(to: URL(filePath: directory + "/secret"))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory + "/secret")
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/image.tar",
                withDestinationPath: "secret"
            )
            for name in ["image.tar", "other"] {
                let file = try PendingFile(for: "\(directory)/\(name)")
                try file.commit()
            }
            let status = try FileStatus(of: directory + "/image.tar", followingLinks: false)
            #expect(status.kind == .regular)
            #expect(status.mode == (try FileStatus(of: directory + "/other").mode))
            #expect(try text(directory + "/secret") == "secret")
        }
    }

    @Test
    func `a commit onto a directory fails and leaves nothing else`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/image.tar"
            let file = try PendingFile(for: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            let error = failure(committing: file)
            #expect(error == SystemError("create", path, errorNumber: EISDIR))
            #expect(try names(in: directory) == ["image.tar"])
        }
    }

    @Test
    func `a missing directory is named, with what to do`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/none/image.tar"
            let error = #expect(throws: SystemError.self) { _ = try PendingFile(for: path).number }
            #expect(
                error?.description == """
                    Cannot create '\(path)': no such file or directory (ENOENT)
                    hint: make the directory first: mkdir -p '\(directory)/none'
                    """
            )
        }
    }

    @Test
    func `the final name may have every length that a name can have`() async throws {
        try await withTemporaryDirectory { directory in
            for name in [String(repeating: "n", count: 255), String(repeating: "\u{20AC}", count: 85)] {
                try PendingFile(for: directory + "/" + name).commit()
                #expect(try names(in: directory).contains(name))
            }
        }
    }

    @Test
    func `a name that is too long fails at the end and leaves nothing`() async throws {
        try await withTemporaryDirectory { directory in
            let file = try PendingFile(for: directory + "/" + String(repeating: "n", count: 256))
            let error = failure(committing: file)
            #expect(error?.errorNumber == ENAMETOOLONG)
            #expect(try names(in: directory) == [])
        }
    }

    @Test
    func `a file is executable by nobody unless asked for`() async throws {
        try await withTemporaryDirectory { directory in
            try PendingFile(for: directory + "/plain").commit()
            try PendingFile(for: directory + "/private", mode: 0o600).commit()
            #expect(try FileStatus(of: directory + "/plain").mode & 0o111 == 0)
            #expect(try FileStatus(of: directory + "/private").mode == 0o600)
        }
    }

    /// A file system without `O_TMPFILE`, on which the file has a hidden name until the commit.
    @Test(.requires("fuse-overlayfs", "fusermount3"), .requiresRoot)
    func `without unnamed files a hidden name does the same`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["mkdir", "lower", "upper", "work", "mounted"], in: directory)
            let options = "lowerdir=\(directory)/lower,upperdir=\(directory)/upper,workdir=\(directory)/work"
            let mounted = directory + "/mounted"
            try await Command.check(["fuse-overlayfs", "-o", options, mounted])
            let result = Result { try useHiddenName(in: mounted) }
            try await unmount(mounted)
            try result.get()
        }
    }

    private func useHiddenName(in directory: String) throws {
        let path = directory + "/image.tar"
        do {
            let file = try PendingFile(for: path)
            try write("half", to: file)
            let hidden = try names(in: directory)
            #expect(hidden.count == 1)
            #expect(hidden.first?.hasPrefix(".drydock.\(getpid()).") == true)
        }
        #expect(try names(in: directory) == [])
        try Data("old".utf8).write(to: URL(filePath: path))
        let file = try PendingFile(for: path)
        try write("new", to: file)
        #expect(try text(path) == "old")
        try file.commit()
        #expect(try text(path) == "new")
        #expect(try names(in: directory) == ["image.tar"])
    }

    private func write(_ text: String, to file: borrowing PendingFile) throws {
        try OutputDescriptor(number: file.number, path: file.path).append(Array(text.utf8))
    }

    /// A closure cannot give the file away, a function can.
    private func failure(committing file: consuming PendingFile) -> SystemError? {
        do throws(SystemError) {
            try file.commit()
            return nil
        } catch {
            return error
        }
    }

    private func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
