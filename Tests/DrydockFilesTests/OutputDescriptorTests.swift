// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Writing at places and in order.
@Suite
struct OutputDescriptorTests {
    @Test
    func `bytes go to their places and holes are zero`() async throws {
        try await withTemporaryDirectory { directory in
            let file = try OwnedDescriptor(opening: directory + "/file", flags: O_CREAT | O_RDWR)
            let output = OutputDescriptor(number: file.number, path: "file")
            try output.reserve(10)
            try output.write([1, 2, 3], at: 5)
            try output.write([9], at: 0)
            try output.write([], at: 100)
            try output.setSize(9)
            #expect(try contents(directory + "/file") == [9, 0, 0, 0, 0, 1, 2, 3, 0])
            try output.append([7, 7])
            try output.append([])
            #expect(try contents(directory + "/file") == [7, 7, 0, 0, 0, 1, 2, 3, 0])
        }
    }

    @Test
    func `what is reserved takes room and reads as zeros`() async throws {
        try await withTemporaryDirectory { directory in
            let file = try OwnedDescriptor(opening: directory + "/file", flags: O_CREAT | O_RDWR)
            try OutputDescriptor(number: file.number, path: "file").reserve(100_000)
            #expect(try contents(directory + "/file") == [UInt8](repeating: 0, count: 100_000))
        }
    }

    @Test(.requiresRoot)
    func `a full disk is noticed when room is reserved`() async throws {
        try await withTmpfs(size: 1 << 20) { directory in
            let file = try OwnedDescriptor(opening: directory + "/file", flags: O_CREAT | O_RDWR)
            let output = OutputDescriptor(number: file.number, path: "image.tar")
            let expected = SystemError("write", "image.tar", errorNumber: ENOSPC)
            #expect(throws: expected) { try output.reserve(2 << 20) }
        }
    }

    @Test
    func `a full device is an error of the write`() throws {
        let file = try OwnedDescriptor(opening: "/dev/full", flags: O_WRONLY)
        let output = OutputDescriptor(number: file.number, path: "the device")
        let expected = SystemError("write", "the device", errorNumber: ENOSPC)
        #expect(throws: expected) { try output.append([1]) }
        #expect(throws: expected) { try output.write([1], at: 0) }
    }

    @Test
    func `a pipe takes bytes in order only`() throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        let reader = OwnedDescriptor(adopting: ends[0])
        let writer = OwnedDescriptor(adopting: ends[1])
        let output = OutputDescriptor(number: writer.number, path: "the pipe")
        try output.append(Array("in order".utf8))
        var bytes = [UInt8](repeating: 0, count: 20)
        #expect(unsafe read(reader.number, &bytes, bytes.count) == 8)
        #expect(bytes.prefix(8) == Array("in order".utf8)[...])
        #expect(throws: SystemError("write", "the pipe", errorNumber: ESPIPE)) { try output.write([1], at: 0) }
    }

    @Test
    func `size and room of a read-only descriptor cannot be changed`() throws {
        let file = try OwnedDescriptor(opening: "/etc/passwd")
        let output = OutputDescriptor(number: file.number, path: "it")
        #expect(throws: SystemError("write", "it", errorNumber: EINVAL)) { try output.setSize(0) }
        #expect(throws: SystemError("write", "it", errorNumber: EBADF)) { try output.reserve(1) }
    }

    @Test
    func `only a terminal has a width`() throws {
        let file = try OwnedDescriptor(opening: "/dev/null")
        #expect(OutputDescriptor(number: file.number, path: "null").terminalWidth == nil)
    }

    private func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}
