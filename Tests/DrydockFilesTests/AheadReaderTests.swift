// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Synchronization
import Testing

@Suite struct AheadReaderTests {
    private struct Refusal: Error, Equatable {}

    /// Gives the numbers of the bytes, so many at once, and fails at the end if it is told to.
    private final class Numbers: Sendable {
        let size: Int
        let fails: Bool
        let given = Mutex(0)

        init(_ size: Int, fails: Bool = false) {
            self.size = size
            self.fails = fails
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            try given.withLock { given in
                let count = min(buffer.count, 300_007, size - given)
                if count == 0, fails { throw Refusal() }
                for index in 0..<count { unsafe buffer[index] = UInt8(truncatingIfNeeded: (given + index) / 251) }
                given += count
                return count
            }
        }
    }

    private static func bytes(_ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) } }

    private func readAll(_ reader: AheadReader, room: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: room)
        while true {
            let count = unsafe try piece.withUnsafeMutableBytes { unsafe try reader.read(into: $0) }
            guard count > 0 else { return output }
            output += piece[..<count]
        }
    }

    @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 2 << 20, 5_000_000]) func `all bytes come in their order`(
        _ size: Int
    ) throws {
        for room in [70_000, 1 << 20, 3 << 20] {
            let source = Numbers(size)
            let reader = unsafe AheadReader { unsafe try source.read(into: $0) }
            #expect(try readAll(reader, room: room) == Self.bytes(size), "\(room) bytes of room")
            #expect(try readAll(reader, room: room) == [])
        }
    }

    @Test(arguments: [0, 10, 1 << 20, 2_500_000]) func `a failure comes after what was read before it`(
        _ size: Int
    ) throws {
        let source = Numbers(size, fails: true)
        let reader = unsafe AheadReader { unsafe try source.read(into: $0) }
        var count = 0
        var piece = [UInt8](repeating: 0, count: 100_000)
        #expect(throws: Refusal()) {
            while true { count += unsafe try piece.withUnsafeMutableBytes { unsafe try reader.read(into: $0) } }
        }
        #expect(count == size)
        #expect(throws: Refusal()) { try readAll(reader, room: 10) }
    }

    @Test func `a reader that is given up ends the reading`() async throws {
        let source = Numbers(.max)
        do {
            let reader = unsafe AheadReader { unsafe try source.read(into: $0) }
            var piece = [UInt8](repeating: 0, count: 10)
            _ = unsafe try piece.withUnsafeMutableBytes { unsafe try reader.read(into: $0) }
        }
        // The thread ends after the step that it is at: two of them are there, and three would be read otherwise.
        try await Task.sleep(for: .milliseconds(100))
        #expect(source.given.withLock(\.self) <= 3 << 20)
    }
}
