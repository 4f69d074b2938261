// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix

/// Puts a NAR together string by string, also one that no tool writes.
struct NARBuilder {
    private(set) var bytes: [UInt8] = []

    /// A NAR that begins as it should.
    init() { add("nix-archive-1") }

    /// Nothing yet.
    init(empty: Void) {}

    /// Strings one after the other.
    mutating func add(_ strings: ByteString...) { for string in strings { add(string.bytes) } }

    mutating func add(_ string: [UInt8]) {
        add(length: UInt64(string.count))
        bytes += string
        while bytes.count % 8 != 0 { bytes.append(0) }
    }

    /// A length with nothing behind it.
    mutating func add(length: UInt64) {
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * UInt64(shift)))) }
    }

    mutating func add(raw: [UInt8]) { bytes += raw }

    /// A directory that holds these entries of no content, as the root.
    static func directory(of names: [ByteString]) -> [UInt8] {
        var nar = NARBuilder()
        nar.add("(", "type", "directory")
        for name in names {
            nar.add("entry", "(", "name", name, "node", "(", "type", "regular", "contents", "", ")", ")")
        }
        nar.add(")")
        return nar.bytes
    }

    /// A link to that target, as the root.
    static func link(to target: ByteString) -> [UInt8] {
        var nar = NARBuilder()
        nar.add("(", "type", "symlink", "target", target, ")")
        return nar.bytes
    }

    /// Directories inside each other.
    static func nested(_ depth: Int) -> [UInt8] {
        var nar = NARBuilder()
        for level in 0..<depth {
            nar.add("(", "type", "directory")
            if level < depth - 1 { nar.add("entry", "(", "name", "d", "node") }
        }
        for level in 0..<depth {
            nar.add(")")
            if level < depth - 1 { nar.add(")") }
        }
        return nar.bytes
    }
}

/// A NAR in memory.
struct ArrayNAR: NARSource {
    private let bytes: [UInt8]
    /// The most bytes that one read returns.
    private let chunk: Int
    private var position = 0

    init(_ bytes: [UInt8], chunk: Int = .max) {
        self.bytes = bytes
        self.chunk = chunk
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, chunk, bytes.count - position)
        unsafe buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// What a NAR says, with the contents.
enum NARItem: Hashable {
    case event(NAREvent)
    case content([UInt8])
}

extension NARReader {
    /// Everything to the end.
    mutating func items(piece: Int = 300) throws -> [NARItem] {
        var items: [NARItem] = []
        while let event = try next() {
            items.append(.event(event))
            if case .file = event { items.append(.content(try content(piece: piece))) }
        }
        return items
    }

    /// The rest of the current file.
    mutating func content(piece: Int = 300) throws -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe read(into: $0) }
            guard count > 0 else { return content }
            content += buffer[..<count]
        }
    }
}

extension NARWriter {
    /// The NAR of what a reader found.
    static func bytes(of items: [NARItem]) -> [UInt8] {
        var writer = NARWriter()
        var bytes: [UInt8] = []
        for item in items {
            switch item {
            case .event(.directory(let name)): writer.beginDirectory(name, to: &bytes)
            case .event(.endOfDirectory): writer.endDirectory(to: &bytes)
            case .event(.symlink(let name, let target)): writer.symlink(name, target: target, to: &bytes)
            case .event(.file(let name, let size, let isExecutable)):
                writer.beginFile(name, size: size, isExecutable: isExecutable, to: &bytes)
            case .content(let content):
                bytes += content
                writer.endFile(to: &bytes)
            }
        }
        return bytes
    }
}
