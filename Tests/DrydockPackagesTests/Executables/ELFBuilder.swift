// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// Writes small ELF files: header, program headers, interpreter, dynamic section, strings, in this order.
///
/// All is one loadable segment at address 0, so that every address equals its offset in the file.
struct ELFBuilder {
    enum Tag {
        static let needed: UInt64 = 1
        static let stringTable: UInt64 = 5
        static let stringTableSize: UInt64 = 10
        static let soname: UInt64 = 14
        static let rpath: UInt64 = 15
        static let runpath: UInt64 = 29
        static let flags1: UInt64 = 0x6FFF_FFFB
        static let auxiliary: UInt64 = 0x7FFF_FFFD
    }

    var number: UInt16 = 62
    var isWide = true
    var order = ByteOrder.little
    var interpreter: String?
    var needed: [String] = []
    var auxiliary: [String] = []
    var soname: String?
    var rpath: String?
    var runpath: String?
    var flags1: UInt64 = 0
    /// Whether there is a dynamic section at all.
    var isDynamic = true

    /// A library for a 64-bit x86 machine.
    static func library(_ soname: String?, needs needed: [String] = [], runpath: String? = nil) -> ELFBuilder {
        ELFBuilder(needed: needed, soname: soname, runpath: runpath)
    }

    /// A program for a 64-bit x86 machine with glibc's loader.
    static func program(needs needed: [String] = [], rpath: String? = nil, runpath: String? = nil) -> ELFBuilder {
        ELFBuilder(interpreter: "/lib64/ld-linux-x86-64.so.2", needed: needed, rpath: rpath, runpath: runpath)
    }

    var headerSize: Int { isWide ? 64 : 52 }
    var entrySize: Int { isWide ? 56 : 32 }
    private var segmentTypes: [UInt32] { [1] + (isDynamic ? [2] : []) + (interpreter == nil ? [] : [3]) }
    var interpreterOffset: Int { headerSize + segmentTypes.count * entrySize }
    var dynamicOffset: Int { interpreterOffset + (interpreter.map { $0.utf8.count + 1 } ?? 0) }

    /// Where the program header of the dynamic section begins.
    var dynamicHeaderOffset: Int { headerSize + entrySize }
    /// Where the program header of the interpreter begins.
    var interpreterHeaderOffset: Int { headerSize + 2 * entrySize }

    func build() -> [UInt8] {
        let (entries, strings) = dynamic()
        let dynamicSize = isDynamic ? entries.count * (isWide ? 16 : 8) : 0
        let total = dynamicOffset + dynamicSize + (isDynamic ? strings.count : 0)
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, isWide ? 2 : 1, order == .little ? 1 : 2, 1]
        bytes += [UInt8](repeating: 0, count: 9)
        bytes += field(UInt16(3)) + field(number) + field(UInt32(1))
        bytes += word(0) + word(UInt64(headerSize)) + word(0) + field(UInt32(0))
        bytes += field(UInt16(headerSize)) + field(UInt16(entrySize)) + field(UInt16(segmentTypes.count))
        bytes += [UInt8](repeating: 0, count: 6)
        bytes += segment(1, 0, total)
        if isDynamic { bytes += segment(2, dynamicOffset, dynamicSize) }
        if let interpreter {
            bytes += segment(3, interpreterOffset, interpreter.utf8.count + 1)
            bytes += Array(interpreter.utf8) + [0]
        }
        guard isDynamic else { return bytes }
        return bytes + entries.flatMap { word($0.0) + word($0.1) } + strings
    }

    /// The entries of the dynamic section, with the end mark, and the strings that they name.
    private func dynamic() -> (entries: [(UInt64, UInt64)], strings: [UInt8]) {
        var strings: [UInt8] = [0]
        var entries: [(UInt64, UInt64)] = []
        func add(_ tag: UInt64, _ text: String) {
            entries.append((tag, UInt64(strings.count)))
            strings += Array(text.utf8) + [0]
        }
        for name in needed { add(Tag.needed, name) }
        for name in auxiliary { add(Tag.auxiliary, name) }
        if let soname { add(Tag.soname, soname) }
        if let rpath { add(Tag.rpath, rpath) }
        if let runpath { add(Tag.runpath, runpath) }
        if flags1 != 0 { entries.append((Tag.flags1, flags1)) }
        let tableOffset = dynamicOffset + (entries.count + 3) * (isWide ? 16 : 8)
        entries.append((Tag.stringTable, UInt64(tableOffset)))
        entries.append((Tag.stringTableSize, UInt64(strings.count)))
        entries.append((0, 0))
        return (entries, strings)
    }

    private func segment(_ type: UInt32, _ offset: Int, _ size: Int) -> [UInt8] {
        let place = word(UInt64(offset))
        let sizes = word(UInt64(size)) + word(UInt64(size))
        let flags = field(UInt32(4))
        return field(type) + (isWide ? flags : []) + place + place + place + sizes + (isWide ? [] : flags) + word(1)
    }

    /// A number in the byte order of the file.
    func field<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        let bytes = (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        return order == .little ? bytes : bytes.reversed()
    }

    /// A number as wide as an address.
    func word(_ value: UInt64) -> [UInt8] { isWide ? field(value) : field(UInt32(truncatingIfNeeded: value)) }
}

extension [UInt8] {
    /// The same with other bytes from an offset on.
    func patched(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
        var copy = self
        copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return copy
    }
}
