// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar

/// Puts archives together piece by piece, wrong ones too.
struct ArchiveBuilder {
    private(set) var bytes: [UInt8] = []

    /// A member with its content, whose size is that of the entry's kind.
    mutating func add(_ entry: TarEntry, content: [UInt8] = []) throws {
        try TarFormat.appendHeader(of: entry, to: &bytes)
        addPadded(content)
    }

    /// A header of any type, changed before its checksum is computed.
    mutating func add(
        type: Character,
        name: String = "a",
        content: [UInt8] = [],
        change: (inout HeaderBytes) -> Void = { _ in }
    ) {
        var header = HeaderBytes(type: type, name: name, size: content.count)
        change(&header)
        bytes += header.signed
        addPadded(content)
    }

    /// A header of type `x` or `g` with those records.
    mutating func addPax(_ records: String..., type: Character = "x") { addPaxRecords(records, type: type) }

    mutating func addPaxRecords(_ records: [String], type: Character = "x") {
        add(type: type, name: "pax", content: records.flatMap { Array(Self.record($0).utf8) })
    }

    mutating func addTrailer() { TarFormat.appendTrailer(afterBytes: Int64(bytes.count), to: &bytes) }

    mutating func addRaw(_ raw: [UInt8]) { bytes += raw }

    private mutating func addPadded(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: Int(TarFormat.paddedSize(Int64(content.count))) - content.count)
    }

    private static func record(_ text: String) -> String {
        var length = text.utf8.count + 2
        while "\(length) \(text)\n".utf8.count != length { length = "\(length) \(text)\n".utf8.count }
        return "\(length) \(text)\n"
    }
}

/// A header block to be changed byte by byte.
struct HeaderBytes {
    private var bytes = [UInt8](repeating: 0, count: 512)

    init(type: Character, name: String, size: Int) {
        put(name, at: 0)
        put("0000644\u{0}0000000\u{0}0000000\u{0}", at: 100)
        put(octal(size, digits: 11), at: 124)
        put("00000000001", at: 136)
        put(String(type), at: 156)
        put("ustar\u{0}00", at: 257)
    }

    mutating func put(_ text: String, at offset: Int) { put(Array(text.utf8), at: offset) }

    mutating func put(_ new: [UInt8], at offset: Int) { bytes.replaceSubrange(offset..<offset + new.count, with: new) }

    /// The block with its checksum.
    var signed: [UInt8] { Self.signed(bytes) { Int($0) } }

    /// The block with the checksum that sums signed bytes.
    var signedAsSignedBytes: [UInt8] { Self.signed(bytes) { Int(Int8(bitPattern: $0)) } }

    static func signed(_ block: [UInt8], value: (UInt8) -> Int = { Int($0) }) -> [UInt8] {
        var block = block
        block.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
        let sum = octal(block.reduce(0) { $0 + value($1) }, digits: 6)
        block.replaceSubrange(148..<155, with: Array(sum.utf8) + [0])
        return block
    }
}

private func octal(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
