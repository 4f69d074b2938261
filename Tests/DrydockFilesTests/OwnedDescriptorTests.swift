// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Descriptors that are closed exactly once.
@Suite
struct OwnedDescriptorTests {
    @Test
    func `the end of its life closes it`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/file"
            let number: Int32
            do {
                let file = try OwnedDescriptor(opening: path, flags: O_CREAT)
                number = file.number
                #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
                #expect(try target(of: number) == path)
            }
            // Another test may have the number by now, but not this file.
            #expect((try? target(of: number)) != path)
        }
    }

    private func target(of number: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
    }

    @Test
    func `close reports nothing for a file without trouble`() throws {
        let file = try OwnedDescriptor(opening: "/dev/null", flags: O_WRONLY)
        try file.close(path: "/dev/null")
    }

    @Test
    func `close reports what the system says`() throws {
        // No process has so many descriptors, so this one is nobody's.
        let file = OwnedDescriptor(adopting: .max)
        let failure = Self.failure(closing: file)
        #expect(failure == SystemError("write", "file", errorNumber: EBADF))
    }

    @Test
    func `a file that is missing is an error`() async throws {
        try await withTemporaryDirectory { directory in
            let expected = SystemError("open", directory + "/none", errorNumber: ENOENT)
            #expect(throws: expected) { _ = try OwnedDescriptor(opening: directory + "/none").number }
        }
    }

    @Test
    func `a file that cannot be created is an error of its creation`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/none/file"
            let expected = SystemError("create", path, errorNumber: ENOENT)
            #expect(throws: expected) {
                _ = try OwnedDescriptor(opening: path, flags: O_CREAT | O_WRONLY).number
            }
        }
    }

    @Test
    func `a file without a name is in no listing and holds what is written`() async throws {
        try await withTemporaryDirectory { directory in
            let file = try OwnedDescriptor(unnamedIn: directory)
            let output = OutputDescriptor(number: file.number, path: "unnamed")
            try output.append(Array("held".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
            #expect(try file.status(path: "unnamed").linkCount == 0)
            #expect(try Self.read(file, count: 10, at: 1) == Array("eld".utf8))
        }
    }

    @Test
    func `a file without a name needs a directory`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/none"
            let expected = SystemError(
                "create a temporary file in",
                path,
                errorNumber: ENOENT,
                hint: "set TMPDIR to a directory that you may write to"
            )
            #expect(throws: expected) { _ = try OwnedDescriptor(unnamedIn: path).number }
        }
    }

    @Test
    func `reading ends only at the end of the file`() async throws {
        try await withTemporaryDirectory { directory in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Data(bytes).write(to: URL(filePath: directory + "/file"))
            let file = try OwnedDescriptor(opening: directory + "/file")
            #expect(try Self.read(file, count: 200_000, at: 0) == bytes)
            #expect(try Self.read(file, count: 50, at: 99_990) == Array(bytes[99_990...]))
            #expect(try Self.read(file, count: 50, at: 100_000) == [])
            #expect(try Self.read(file, count: 0, at: 0) == [])
        }
    }

    @Test
    func `reading a directory is an error`() throws {
        let directory = try OwnedDescriptor(opening: "/")
        let error = #expect(throws: SystemError.self) { try Self.read(directory, count: 1, at: 0) }
        #expect(error == SystemError("read", "the file", errorNumber: EISDIR))
    }

    /// A closure cannot give the descriptor away, a function can.
    private static func failure(closing file: consuming OwnedDescriptor) -> SystemError? {
        do throws(SystemError) {
            try file.close(path: "file")
            return nil
        } catch {
            return error
        }
    }

    private static func read(_ file: borrowing OwnedDescriptor, count: Int, at offset: Int64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let number = file.number
        let copy = OwnedDescriptor(adopting: dup(number))
        let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
            try unsafe copy.read(into: buffer, at: offset, path: "the file")
        }
        return Array(bytes[..<read])
    }
}
