// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockTestSupport
import Glibc
import Testing

/// What can be made and removed in an open directory.
@Suite
struct HostDirectoryChangesTests {
    @Test
    func `what is made has the given mode and content`() async throws {
        try await withTemporaryDirectory { path in
            let directory = try HostDirectory(path)
            let below = try directory.makeDirectory("d", mode: 0o700)
            #expect(below.path == path + "/d")
            let file = try below.makeFile(ByteString([0xFF]), mode: 0o600)
            try OutputDescriptor(number: file.number, path: "file").append([1, 2, 3])
            try file.setMode(0o7555, path: "file")
            try below.makeLink("l", target: ByteString([0xFE, 0x2F]))
            try below.setMode(0o555)
            #expect(try directory.status(of: "d", followingLinks: false).mode == 0o555)
            let status = try below.status(of: ByteString([0xFF]), followingLinks: false)
            #expect(status.mode == 0o7555)
            #expect(status.size == 3)
            #expect(try below.linkTarget(of: "l") == ByteString([0xFE, 0x2F]))
        }
    }

    @Test
    func `nothing is made where something is`() async throws {
        try await withTemporaryDirectory { path in
            try await Command.check(["sh", "-c", "mkdir d; ln -s nowhere l; touch f"], in: path)
            let directory = try HostDirectory(path)
            for name: ByteString in ["d", "l", "f"] {
                let exists = SystemError("create", "\(path)/\(name)", errorNumber: EEXIST)
                #expect(throws: exists) { _ = try directory.makeDirectory(name, mode: 0o700).number }
                #expect(throws: exists) { _ = try directory.makeFile(name, mode: 0o600).number }
                #expect(throws: exists) { try directory.makeLink(name, target: "x") }
                try directory.makeLink("new", target: "x")
                #expect(throws: exists) { try directory.rename("new", to: name) }
                try directory.removeTree("new")
            }
            #expect(try directory.names() == ["d", "f", "l"])
        }
    }

    @Test
    func `a tree is removed, also what its owner may not write, but not what links lead to`() async throws {
        try await withTemporaryDirectory { path in
            let script = "mkdir -p t/a/b kept; touch t/a/b/f kept/f; ln -s ../kept t/link; chmod -R a-w t; ln -s kept l"
            try await Command.check(["sh", "-c", script], in: path)
            let directory = try HostDirectory(path)
            try directory.removeTree("t")
            try directory.removeTree("l")
            #expect(try directory.names() == ["kept"])
            #expect(try HostDirectory(path + "/kept").names() == ["f"])
            #expect(throws: SystemError("read", path + "/t", errorNumber: ENOENT)) { try directory.removeTree("t") }
        }
    }

    @Test
    func `an entry gets another name`() async throws {
        try await withTemporaryDirectory { path in
            let directory = try HostDirectory(path)
            try directory.makeLink("a", target: "x")
            try directory.rename("a", to: "b")
            #expect(try directory.names() == ["b"])
        }
    }
}
