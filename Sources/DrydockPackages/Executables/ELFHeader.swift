// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The first bytes of an ELF file: for which machine it is, and where its segments are listed.
///
/// Specification: <https://www.sco.com/developers/gabi/latest/ch4.eheader.html>.
package struct ELFHeader: Hashable, Sendable {
    /// Which machine the file is for.
    package let machine: ELFMachine
    /// `e_phoff`: where the program headers begin, in bytes.
    let programHeaderOffset: UInt64
    /// `e_phnum`: how many program headers there are.
    let programHeaderCount: Int

    /// `e_ident` with its magic, class, byte order and version.
    static let identificationSize = 16
    private static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    /// `ET_EXEC` and `ET_DYN`: the only types that can be started or loaded.
    private static let loadableTypes: ClosedRange<UInt16> = 2...3

    /// Whether a file begins like an ELF file.
    static func isELF(_ start: [UInt8]) -> Bool { start.starts(with: magic) }

    /// The size of the header, in bytes.
    static func size(_ width: ELFMachine.Width) -> Int { width == .wide ? 64 : 52 }

    init(of file: borrowing HostFile) throws {
        guard Self.isELF(try file.bytes(at: 0, count: min(4, Int(clamping: file.size)), of: .header)) else {
            throw ELFFailure(.notELF, in: file.path, at: 0)
        }
        let identification = try file.bytes(at: 0, count: Self.identificationSize, of: .header)
        guard let width = ELFMachine.Width(rawValue: identification[4]) else {
            throw file.unsupported("class", identification[4], at: 4)
        }
        guard let order = [1: ByteOrder.little, 2: .big][identification[5]] else {
            throw file.unsupported("byte order", identification[5], at: 5)
        }
        guard identification[6] == 1 else { throw file.unsupported("version", identification[6], at: 6) }
        var fields = ELFFields(
            try file.bytes(at: 0, count: Self.size(width), of: .header),
            width: width,
            order: order,
            skipping: Self.identificationSize
        )
        let type: UInt16 = try fields.next()
        guard Self.loadableTypes.contains(type) else { throw file.unsupported("file type", type, at: 16) }
        machine = ELFMachine(number: try fields.next(), width: width, order: order)
        let version: UInt32 = try fields.next()
        guard version == 1 else { throw file.unsupported("version", version, at: 20) }
        _ = try fields.nextWord()  // e_entry
        programHeaderOffset = try fields.nextWord()
        _ = try fields.nextWord()  // e_shoff
        let _: UInt32 = try fields.next()  // e_flags
        let _: UInt16 = try fields.next()  // e_ehsize
        let entrySize: UInt16 = try fields.next()
        let count: UInt16 = try fields.next()
        programHeaderCount = Int(count)
        let expected = ProgramHeader.size(width)
        guard count > 0 else { throw ELFFailure(.empty(.programHeaders), in: file.path, at: programHeaderOffset) }
        guard entrySize == expected else {
            let reason = ELFFailure.Reason.wrongEntrySize(
                .programHeaders,
                expected: expected,
                actual: Int(entrySize)
            )
            throw ELFFailure(reason, in: file.path, at: programHeaderOffset)
        }
    }
}

extension HostFile {
    /// A field of the header with a value that no loader accepts.
    fileprivate borrowing func unsupported(
        _ field: String,
        _ value: some FixedWidthInteger & UnsignedInteger,
        at offset: UInt64
    ) -> ELFFailure {
        ELFFailure(.unsupported(field: field, value: UInt64(value)), in: path, at: offset)
    }
}

/// Reads the fields of one structure, which has other widths in 32-bit files.
struct ELFFields {
    private let bytes: [UInt8]
    private let width: ELFMachine.Width
    private let order: ByteOrder
    private var cursor: ByteCursor

    init(_ bytes: [UInt8], width: ELFMachine.Width, order: ByteOrder, skipping offset: Int = 0) {
        self.bytes = bytes
        self.width = width
        self.order = order
        cursor = ByteCursor(at: offset)
    }

    /// The next field, which is equally wide in all files.
    mutating func next<Value: FixedWidthInteger>() throws(DecodingFailure) -> Value {
        // A copy, because a call that changes a part of this value must not use another part at the same time.
        let bytes = bytes
        return try cursor.read(order: order, from: bytes.span)
    }

    /// The next field that is as wide as an address.
    mutating func nextWord() throws(DecodingFailure) -> UInt64 {
        switch width {
        case .wide: try next()
        case .narrow: UInt64(try next() as UInt32)
        }
    }
}
