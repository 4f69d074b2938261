// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// One segment of an ELF file.
///
/// Specification: <https://www.sco.com/developers/gabi/latest/ch5.pheader.html>.
struct ProgramHeader {
    /// `PT_LOAD`: a part that is loaded into memory.
    static let loadable: UInt32 = 1
    /// `PT_DYNAMIC`: what the dynamic loader needs to know.
    static let dynamic: UInt32 = 2
    /// `PT_INTERP`: the path of the dynamic loader.
    static let interpreter: UInt32 = 3
    /// Linux starts no program whose table is larger, in bytes (`load_elf_phdrs` in `fs/binfmt_elf.c`).
    static let tableLimit = 65_536

    let type: UInt32
    /// Where the segment begins in the file, in bytes.
    let offset: UInt64
    /// Where it begins in memory.
    let address: UInt64
    /// How many bytes of the file it has.
    let fileSize: UInt64

    /// The size of one entry, in bytes.
    static func size(_ width: ELFMachine.Width) -> Int { width == .wide ? 56 : 32 }

    private init(_ fields: inout ELFFields, width: ELFMachine.Width) throws(DecodingFailure) {
        type = try fields.next()
        // In 64-bit files the flags stand here, in 32-bit files behind the sizes.
        if width == .wide { let _: UInt32 = try fields.next() }
        offset = try fields.nextWord()
        address = try fields.nextWord()
        _ = try fields.nextWord()  // p_paddr
        fileSize = try fields.nextWord()
        _ = try fields.nextWord()  // p_memsz
        if width == .narrow { let _: UInt32 = try fields.next() }
        _ = try fields.nextWord()  // p_align
    }

    /// All segments of a file; every loadable one lies inside the file.
    static func all(of file: borrowing HostFile, _ header: ELFHeader) throws -> [ProgramHeader] {
        let width = header.machine.width
        let size = header.programHeaderCount * Self.size(width)
        guard size <= tableLimit else {
            let reason = ELFFailure.Reason.tooLarge(
                .programHeaders,
                limit: UInt64(tableLimit),
                actual: UInt64(size)
            )
            throw ELFFailure(reason, in: file.path, at: header.programHeaderOffset)
        }
        let bytes = try file.bytes(at: header.programHeaderOffset, count: size, of: .programHeaders)
        var fields = ELFFields(bytes, width: width, order: header.machine.order)
        var headers: [ProgramHeader] = []
        for _ in 0..<header.programHeaderCount {
            let segment = try ProgramHeader(&fields, width: width)
            if segment.type == loadable {
                try file.require(segment.fileSize, at: segment.offset, of: .segment)
            }
            headers.append(segment)
        }
        return headers
    }
}

extension [ProgramHeader] {
    /// The only segment of a type, or nil.
    func only(_ type: UInt32, _ part: ELFFailure.Part, in file: borrowing HostFile) throws(ELFFailure) -> Element? {
        let found = filter { $0.type == type }
        if found.count > 1 { throw ELFFailure(.duplicate(part), in: file.path, at: found[1].offset) }
        return found.first
    }

    /// The bytes of the file that begin at an address in memory, up to the end of their segment.
    ///
    /// - Parameters:
    ///   - address: An address in memory.
    ///   - part: What is said to be there.
    ///   - place: Where the file names the address, in bytes.
    ///   - file: The file.
    /// - Returns: Where in the file they are, and how many, in bytes.
    /// - Throws: ``ELFFailure`` if the address is in no segment's bytes, or in those of two.
    func location(
        of address: UInt64,
        _ part: ELFFailure.Part,
        namedAt place: UInt64,
        in file: borrowing HostFile
    ) throws(ELFFailure) -> (offset: UInt64, size: UInt64) {
        // Subtracting first: the end of a segment could be beyond the greatest number.
        let found = filter {
            $0.type == Element.loadable && address >= $0.address && address - $0.address < $0.fileSize
        }
        guard let segment = found.first else {
            throw ELFFailure(.unmapped(part, address: address), in: file.path, at: place)
        }
        guard found.count == 1 else { throw ELFFailure(.ambiguous(part, address: address), in: file.path, at: place) }
        let distance = address - segment.address
        return (segment.offset + distance, segment.fileSize - distance)
    }
}
