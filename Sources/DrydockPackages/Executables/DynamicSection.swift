// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

/// The entries of an ELF file's dynamic section that decide which libraries are loaded.
///
/// Specification: <https://www.sco.com/developers/gabi/latest/ch5.dynamic.html>.
package struct DynamicSection: Hashable, Sendable {
    /// A library that must, or may, be loaded with this file.
    package struct Need: Hashable, Sendable {
        /// The name as the file has it.
        package let name: ByteString
        /// Whether a loader goes on without it (`DT_AUXILIARY`).
        package let isOptional: Bool
    }

    /// `DT_NEEDED`, `DT_FILTER` and `DT_AUXILIARY`, in the file's order.
    package private(set) var needs: [Need] = []
    /// `DT_RPATH`.
    package private(set) var rpath: ByteString?
    /// `DT_RUNPATH`.
    package private(set) var runpath: ByteString?
    /// `DT_SONAME`.
    package private(set) var soname: ByteString?
    /// `DF_1_NODEFLIB` of `DT_FLAGS_1`: libraries of the default directories are not to be used.
    package private(set) var ignoresDefaultDirectories = false

    /// No linker writes as much; in bytes.
    static let sizeLimit = 1 << 20
    /// More libraries than any program has.
    static let needsLimit = 4096
    /// The longest name of a library, in bytes.
    static let nameLimit = ELFFile.pathLimit
    /// The longest search path, in bytes: packages with hundreds of dependencies have long ones.
    static let searchPathLimit = 1 << 16

    private enum Tag {
        static let null: UInt64 = 0
        static let needed: UInt64 = 1
        static let stringTable: UInt64 = 5
        static let stringTableSize: UInt64 = 10
        static let soname: UInt64 = 14
        static let rpath: UInt64 = 15
        static let runpath: UInt64 = 29
        static let flags1: UInt64 = 0x6FFF_FFFB
        static let auxiliary: UInt64 = 0x7FFF_FFFD
        static let filter: UInt64 = 0x7FFF_FFFF
        /// `DF_1_NODEFLIB` in the value of `flags1`.
        static let noDefaultLibraries: UInt64 = 0x800
    }

    private struct Entry {
        let tag: UInt64
        let value: UInt64
        /// Where the entry is in the file, in bytes.
        let place: UInt64
    }

    init(
        of file: borrowing HostFile,
        _ segment: ProgramHeader,
        segments: [ProgramHeader],
        machine: ELFMachine
    ) throws {
        let entries = try Self.entries(of: file, segment, machine)
        let strings = try StringTable(
            entries.first { $0.tag == Tag.stringTable }.map { ($0.value, $0.place) },
            size: entries.first { $0.tag == Tag.stringTableSize }?.value,
            segments: segments,
            in: file
        )
        for entry in entries { try apply(entry, strings, file) }
    }

    private mutating func apply(_ entry: Entry, _ strings: StringTable?, _ file: borrowing HostFile) throws {
        func text(_ part: ELFFailure.Part, limit: Int) throws -> ByteString {
            guard let strings else { throw ELFFailure(.missing(.stringTable), in: file.path, at: entry.place) }
            return try strings.string(at: entry.value, part, limit: limit, namedAt: entry.place, in: file)
        }
        switch entry.tag {
        case Tag.needed, Tag.filter, Tag.auxiliary:
            let name = try text(.needed, limit: Self.nameLimit)
            guard !name.isEmpty else { throw ELFFailure(.empty(.needed), in: file.path, at: entry.place) }
            guard needs.count < Self.needsLimit else {
                let limit = UInt64(Self.needsLimit)
                throw ELFFailure(.tooLarge(.needed, limit: limit, actual: limit + 1), in: file.path, at: entry.place)
            }
            needs.append(Need(name: name, isOptional: entry.tag == Tag.auxiliary))
        case Tag.soname: soname = try text(.soname, limit: Self.nameLimit)
        case Tag.rpath: rpath = try text(.searchPath, limit: Self.searchPathLimit)
        case Tag.runpath: runpath = try text(.searchPath, limit: Self.searchPathLimit)
        case Tag.flags1: ignoresDefaultDirectories = entry.value & Tag.noDefaultLibraries != 0
        default: break
        }
    }

    private static func entries(
        of file: borrowing HostFile,
        _ segment: ProgramHeader,
        _ machine: ELFMachine
    ) throws -> [Entry] {
        guard segment.fileSize <= sizeLimit else {
            let reason = ELFFailure.Reason.tooLarge(.dynamic, limit: UInt64(sizeLimit), actual: segment.fileSize)
            throw ELFFailure(reason, in: file.path, at: segment.offset)
        }
        let bytes = try file.bytes(at: segment.offset, count: Int(segment.fileSize), of: .dynamic)
        let entrySize = machine.width == .wide ? 16 : 8
        var fields = ELFFields(bytes, width: machine.width, order: machine.order)
        var entries: [Entry] = []
        for index in 0..<bytes.count / entrySize {
            let entry = Entry(
                tag: try fields.nextWord(),
                value: try fields.nextWord(),
                place: segment.offset + UInt64(index * entrySize)
            )
            if entry.tag == Tag.null { return entries }
            entries.append(entry)
        }
        throw ELFFailure(.unterminated(.dynamic), in: file.path, at: segment.offset)
    }
}

/// `DT_STRTAB`: where the strings of a dynamic section are in the file.
private struct StringTable {
    private let offset: UInt64
    private let size: UInt64
    /// Most names are shorter than this, so that one read finds their end; in bytes.
    private static let chunkSize = 256

    /// Nil when the dynamic section names no string table, which is right for one that uses no strings.
    init?(
        _ start: (address: UInt64, place: UInt64)?,
        size: UInt64?,
        segments: [ProgramHeader],
        in file: borrowing HostFile
    ) throws {
        guard let start, let size else { return nil }
        let location = try segments.location(of: start.address, .stringTable, namedAt: start.place, in: file)
        guard size <= location.size else {
            let reason = ELFFailure.Reason.truncated(.stringTable, needed: size, available: location.size)
            throw ELFFailure(reason, in: file.path, at: location.offset)
        }
        offset = location.offset
        self.size = size
    }

    func string(
        at index: UInt64,
        _ part: ELFFailure.Part,
        limit: Int,
        namedAt place: UInt64,
        in file: borrowing HostFile
    ) throws -> ByteString {
        guard index < size else {
            throw ELFFailure(.outsideStringTable(part, index: index, size: size), in: file.path, at: place)
        }
        var text: [UInt8] = []
        while text.count <= limit {
            let start = index + UInt64(text.count)
            let count = min(Self.chunkSize, Int(clamping: size - start))
            guard count > 0 else { throw ELFFailure(.unterminated(part), in: file.path, at: offset + index) }
            let chunk = try file.bytes(at: offset + start, count: count, of: part)
            if let end = chunk.firstIndex(of: 0) {
                text += chunk[..<end]
                if text.count <= limit { return ByteString(text) }
            } else {
                text += chunk
            }
        }
        let reason = ELFFailure.Reason.tooLarge(part, limit: UInt64(limit), actual: UInt64(text.count))
        throw ELFFailure(reason, in: file.path, at: offset + index)
    }
}
