// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTestSupport
import Glibc
import Testing

/// Directories of this host as entries of an image.
@Suite
struct DirectoryTreeTests {
    @Test
    func `files, directories, links and pipes are entries in the order of their names`() async throws {
        let script = """
            umask 022; mkdir -p b/deep empty; printf 12345 >b/file; printf x >b/deep/run; chmod 4755 b/deep/run
            ln -s ../b/file a; ln -s /absolute/none c; mkfifo -m 600 pipe; chmod 1777 empty; printf '' >B; chmod 400 B
            """
        try await Trees.made(by: script) { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(
                Trees.lines(entries) == [
                    "f 400 B 0", "l 777 a -> ../b/file", "d 755 b", "d 755 b/deep", "f 4755 b/deep/run 1",
                    "f 644 b/file 5", "l 777 c -> /absolute/none", "d 1777 empty", "p 600 pipe",
                ]
            )
            #expect(entries.allSatisfy { $0.attributes.owner == Trees.style.owner })
            #expect(entries.allSatisfy { $0.attributes.modificationTime == 33 })
            #expect(entries.allSatisfy { $0.linkIdentity == nil })
            let file = try #require(Trees.entry("b/file", of: entries))
            #expect(try Trees.content(of: file) == Array("12345".utf8))
        }
    }

    @Test(.requiresRoot)
    func `devices keep their numbers`() async throws {
        let script = "mknod -m 666 null c 1 3; mknod -m 660 disk b 259 70000"
        try await Trees.made(by: script) { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(Trees.lines(entries) == ["b 660 disk 259,70000", "c 666 null 1,3"])
        }
    }

    @Test
    func `entries stand below the prefix and are read from where they are`() async throws {
        try await Trees.made(by: "mkdir d; printf text >d/f") { directory in
            let entries = try DirectoryTree(root: directory, prefix: "opt/app", style: Trees.style).entries()
            #expect(entries.map(\.path) == ["opt/app/d", "opt/app/d/f"])
            #expect(try Trees.content(of: entries[1]) == Array("text".utf8))
        }
    }

    @Test
    func `names of one file have one identity`() async throws {
        let script = "printf 1 >a; mkdir d; ln a d/b; printf 1 >c; ln -s a s; ln -P s t"
        try await Trees.made(by: script) { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            let identity = { (path: ByteString) in Trees.entry(path, of: entries)?.linkIdentity }
            #expect(identity("a") != nil)
            #expect(identity("a") == identity("d/b"))
            #expect(identity("s") != nil)
            #expect(identity("s") == identity("t"))
            #expect(identity("c") == nil)
            #expect(identity("d") == nil)
        }
    }

    @Test
    func `names that are not UTF-8 are kept byte by byte`() async throws {
        try await Trees.made(by: "mkdir $'\\377d'; printf x >$'\\377d'/$'\\351'; ln -s $'\\200' link") { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(entries.map(\.path.bytes) == [Array("link".utf8), [0xFF, 0x64], [0xFF, 0x64, 0x2F, 0xE9]])
            #expect(entries[0].node == .symlink(ByteString([0x80])))
            #expect(try Trees.content(of: entries[2]) == [0x78])
        }
    }

    @Test(.requires("setfattr", "setcap"), .requiresRoot)
    func `only attributes that mean the same everywhere are kept`() async throws {
        let script = """
            umask 022; touch f; mkdir d
            setfattr -n user.note -v hi f; setfattr -n trusted.secret -v no f; setfattr -n user.dir -v 1 d
            setcap cap_net_bind_service=ep f
            """
        try await Trees.made(by: script) { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(
                Trees.lines(entries) == [
                    "d 755 d user.dir=31",
                    "f 644 f 0 security.capability=0100000200040000000000000000000000000000 user.note=6869",
                ]
            )
        }
    }

    // MARK: Links to directories

    @Test
    func `a link to a directory stays a link unless it is to be copied`() async throws {
        let script = """
            umask 022; mkdir real; printf x >real/f; chmod 700 real; ln -s real link; ln -s none dangling
            ln -s real/f file; ln -s a loop; ln -s loop a; setfattr -n user.of -v dir real
            """
        try await Trees.made(by: script) { directory in
            let links = try DirectoryTree(root: directory, style: Trees.style).entries()
            let common = [
                "l 777 a -> loop", "l 777 dangling -> none", "l 777 file -> real/f",
            ]
            let real = ["d 700 real user.of=646972", "f 644 real/f 1"]
            #expect(Trees.lines(links) == common + ["l 777 link -> real", "l 777 loop -> a"] + real)
            let copies = try DirectoryTree(root: directory, style: Trees.style, copiesDirectoryLinks: true).entries()
            let copied = ["d 700 link user.of=646972", "f 644 link/f 1", "l 777 loop -> a"]
            #expect(Trees.lines(copies) == common + copied + real)
            let file = try #require(Trees.entry("link/f", of: copies))
            #expect(try Trees.content(of: file) == [0x78])
        }
    }

    @Test
    func `a link that leads out of the tree is not copied, unless to a place that is named`() async throws {
        let script = """
            umask 022; mkdir -p tree/in/deep tree-not/x store/x outside/x; cd tree; printf x >in/deep/f
            ln -s in/deep inner; ln -s ../outside/x outer; ln -s "$PWD/../store/x" stored; ln -s ../tree-not/x beside
            ln -s inner/../../../outside/x twisted; ln -s ../tree/in again
            """
        try await Trees.made(by: script) { directory in
            let tree = DirectoryTree(
                root: directory + "/tree",
                style: Trees.style,
                copiesDirectoryLinks: true,
                linkedPlaces: [directory + "/store"]
            )
            let found = try tree.walked()
            #expect(found.leavingLinks == ["beside", "outer", "twisted"])
            #expect(
                Trees.lines(found.entries) == [
                    "d 755 again", "d 755 again/deep", "f 644 again/deep/f 1", "l 777 beside -> ../tree-not/x",
                    "d 755 in", "d 755 in/deep", "f 644 in/deep/f 1", "d 755 inner", "f 644 inner/f 1",
                    "l 777 outer -> ../outside/x", "d 755 stored", "l 777 twisted -> inner/../../../outside/x",
                ]
            )
        }
    }

    @Test
    func `a copied link that leads back is refused`() async throws {
        try await Trees.made(by: "mkdir -p a/b; ln -s ../../a a/b/up") { directory in
            let kept = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(kept.map(\.path) == ["a", "a/b", "a/b/up"])
            let tree = DirectoryTree(root: directory, style: Trees.style, copiesDirectoryLinks: true)
            let error = #expect(throws: TreeError.self) { try tree.entries() }
            #expect(
                error?.description == """
                    Cannot pack '\(directory)/a/b/up': the link leads to a directory that contains it
                    hint: set keepContentsDirlinks: true to keep links to directories as links
                    """
            )
        }
    }

    // MARK: What an image cannot hold

    @Test
    func `a socket is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/socket"
            let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(number) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            let status = unsafe withUnsafePointer(to: &address) { pointer in
                let size = socklen_t(MemoryLayout<sockaddr_un>.size)
                return unsafe bind(number, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), size)
            }
            try #require(status == 0)
            let error = #expect(throws: TreeError.self) {
                try DirectoryTree(root: directory, style: Trees.style).entries()
            }
            #expect(
                error?.description == """
                    Cannot pack '\(path)': it is a socket, and an image cannot hold one
                    hint: stop the program that made it, or leave its directory out
                    """
            )
        }
    }

    @Test(arguments: [".wh.file", ".wh..wh..opq", ".wh."])
    func `a name that means deletion is refused`(name: String) async throws {
        try await Trees.made(by: "mkdir d; touch d/\(name)") { directory in
            let error = #expect(throws: TreeError.self) {
                try DirectoryTree(root: directory, style: Trees.style).entries()
            }
            #expect(
                error?.description == """
                    Cannot pack '\(directory)/d/\(name)': in an image, a name that starts with '.wh.' means that a file \
                    is deleted
                    hint: rename the file
                    """
            )
        }
    }

    @Test
    func `names that only look like deletion are kept`() async throws {
        try await Trees.made(by: "touch .wh .whx a.wh.b") { directory in
            let entries = try DirectoryTree(root: directory, style: Trees.style).entries()
            #expect(entries.map(\.path) == [".wh", ".whx", "a.wh.b"])
        }
    }

    @Test
    func `directories may be as deep as the limit says`() async throws {
        let deepest = Array(repeating: "d", count: DirectoryTree.maximumDepth - 1).joined(separator: "/")
        try await Trees.made(by: "mkdir -p \(deepest)") { directory in
            let tree = DirectoryTree(root: directory, style: Trees.style)
            #expect(try tree.entries().count == DirectoryTree.maximumDepth - 1)
            try await Command.check(["mkdir", "\(directory)/\(deepest)/d"])
            let error = #expect(throws: TreeError.self) { try tree.entries() }
            let expected = "Cannot pack '\(directory)/\(deepest)/d': more than 512 directories inside each other"
            #expect(error?.description == expected)
        }
    }

    @Test
    func `what is missing or no directory is an error`() async throws {
        try await Trees.made(by: "touch file") { directory in
            let missing = SystemError("open", directory + "/none", errorNumber: ENOENT)
            #expect(throws: missing) { try DirectoryTree(root: directory + "/none", style: Trees.style).entries() }
            let file = SystemError("open", directory + "/file", errorNumber: ENOTDIR)
            #expect(throws: file) { try DirectoryTree(root: directory + "/file", style: Trees.style).entries() }
        }
    }

    @Test
    func `a walk can be cancelled`() async throws {
        let result = await Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try DirectoryTree(root: "/usr/share", style: Trees.style).entries().count
        }.result
        #expect(throws: CancellationError.self) { try result.get() }
    }
}
