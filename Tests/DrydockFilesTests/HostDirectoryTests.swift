// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockTestSupport
import Glibc
import Testing

/// Directories and what is asked of the names in them.
@Suite
struct HostDirectoryTests {
    @Test
    func `names are sorted by unsigned bytes, whatever they are`() async throws {
        try await withTemporaryDirectory { path in
            let names: [ByteString] = [
                "B", "a", "Z", "\u{E9}", "e", "-", ".hidden", "a b", "new\nline", "\u{1F600}",
                ByteString([0xFF]), ByteString([0x80, 0x41]), ByteString([0xC3]),
            ]
            for name in names.reversed() { try create(name, in: path) }
            let directory = try HostDirectory(path)
            #expect(try directory.names() == names.sorted())
            // Asked again, the directory is read from its start again.
            #expect(try directory.names() == names.sorted())
            for name in names { #expect(try directory.status(of: name, followingLinks: false).kind == .regular) }
        }
    }

    @Test
    func `an empty directory has no names`() async throws {
        try await withTemporaryDirectory { path in
            let names = try HostDirectory(path).names()
            #expect(names == [])
        }
    }

    @Test
    func `links are followed only where that is asked for`() async throws {
        try await withTemporaryDirectory { path in
            let script = "mkdir real; touch real/file; ln -s real link; ln -s none dangling; ln -s link far"
            try await Command.check(["sh", "-c", script], in: path)
            let directory = try HostDirectory(path)
            #expect(try directory.linkTarget(of: "link") == "real")
            #expect(try directory.status(of: "link", followingLinks: false).kind == .symlink)
            #expect(try directory.status(of: "link", followingLinks: true).kind == .directory)
            #expect(try HostDirectory("far", in: directory, followingLinks: true).names() == ["file"])
            let refused = SystemError("open", path + "/far", errorNumber: ENOTDIR)
            #expect(throws: refused) { _ = try HostDirectory("far", in: directory, followingLinks: false).number }
            let dangling = SystemError("read", path + "/dangling", errorNumber: ENOENT)
            #expect(throws: dangling) { try directory.status(of: "dangling", followingLinks: true) }
            let loop = SystemError("read", path + "/link", errorNumber: ELOOP)
            #expect(throws: loop) { _ = try directory.open("link").number }
            let noLink = SystemError("read", path + "/real", errorNumber: EINVAL)
            #expect(throws: noLink) { try directory.linkTarget(of: "real") }
        }
    }

    @Test
    func `a link's target has any bytes and the greatest length`() async throws {
        try await withTemporaryDirectory { path in
            let target = ByteString([UInt8](repeating: 0xFE, count: 4_095))
            try #require(unsafe target.withCString { unsafe symlink($0, path + "/link") } == 0)
            #expect(try HostDirectory(path).linkTarget(of: "link") == target)
        }
    }

    @Test
    func `opening a pipe does not wait for its writer`() async throws {
        try await withTemporaryDirectory { path in
            try #require(unsafe mkfifo(path + "/pipe", 0o600) == 0)
            let file = try HostDirectory(path).open("pipe")
            #expect(try file.status(path: "pipe").kind == .fifo)
        }
    }

    @Test
    func `the status says what the file system knows`() async throws {
        try await withTemporaryDirectory { path in
            let script = "printf 12345 >file && chmod 6754 file && ln file other && touch -d @1234567890.5 file"
            try await Command.check(["sh", "-c", script], in: path)
            let status = try HostDirectory(path).status(of: "file", followingLinks: false)
            #expect(status.kind == .regular)
            #expect(status.mode == 0o6754)
            #expect(status.linkCount == 2)
            #expect(status.size == 5)
            #expect(status.modified == 1_234_567_890_500_000_000)
            #expect(status.uid == geteuid())
            #expect(status.identity == (try FileStatus(of: path + "/other")).identity)
        }
    }

    @Test
    func `devices have their numbers`() throws {
        let status = try HostDirectory("/dev").status(of: "null", followingLinks: false)
        #expect(status.kind == .characterDevice(major: 1, minor: 3))
    }

    @Test(.requires("setfattr"))
    func `extended attributes are listed by name and never followed through links`() async throws {
        try await withTemporaryDirectory { path in
            let script = """
                touch file && ln -s file link
                setfattr -n user.z -v last file && setfattr -n user.a -v 0x00ff file && setfattr -n user.empty file
                """
            try await Command.check(["sh", "-ec", script], in: path)
            let directory = try HostDirectory(path)
            // SELinux, for one, has attributes of its own on every file.
            let names = { (name: ByteString) in
                try directory.extendedAttributeNames(of: name).filter { $0.bytes.starts(with: "user.".utf8) }
            }
            #expect(try names("file") == ["user.a", "user.empty", "user.z"])
            #expect(try directory.extendedAttribute("user.a", of: "file") == [0, 0xFF])
            #expect(try directory.extendedAttribute("user.empty", of: "file") == [])
            #expect(try directory.extendedAttribute("user.z", of: "file") == Array("last".utf8))
            #expect(try names("link") == [])
            let missing = SystemError("read the attribute user.none of", path + "/file", errorNumber: ENODATA)
            #expect(throws: missing) { try directory.extendedAttribute("user.none", of: "file") }
            let gone = SystemError("read the attributes of", path + "/gone", errorNumber: ENOENT)
            #expect(throws: gone) { try directory.extendedAttributeNames(of: "gone") }
        }
    }

    @Test
    func `only a directory can be opened as one`() async throws {
        try await withTemporaryDirectory { path in
            try create("file", in: path)
            let file = SystemError("open", path + "/file", errorNumber: ENOTDIR)
            #expect(throws: file) { _ = try HostDirectory(path + "/file").number }
            let missing = SystemError("open", path + "/none", errorNumber: ENOENT)
            #expect(throws: missing) { _ = try HostDirectory(path + "/none").number }
        }
    }

    @Test
    func `paths are shown in the user's words`() throws {
        #expect(try HostDirectory("/").path(of: "etc") == "/etc")
        #expect(try HostDirectory("/etc").path(of: ByteString([0x61, 0xFF])) == "/etc/a\\xff")
    }

    private func create(_ name: ByteString, in directory: String) throws {
        let path = ByteString(Array(directory.utf8) + [UInt8(ascii: "/")] + name.bytes)
        let number = unsafe path.withCString { unsafe creat($0, 0o644) }
        try #require(number >= 0)
        close(number)
    }
}
