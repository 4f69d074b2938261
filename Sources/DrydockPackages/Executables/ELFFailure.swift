// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// An ELF file that cannot be what it says it is.
public struct ELFFailure: Error, Equatable, CustomStringConvertible {
    /// A part of an ELF file.
    public enum Part: String, Hashable, Sendable {
        /// The first bytes of the file.
        case header = "ELF header"
        /// The table of segments.
        case programHeaders = "table of program headers"
        /// `PT_LOAD`: a part that is loaded into memory.
        case segment = "loadable segment"
        /// `PT_INTERP`: the path of the dynamic loader.
        case interpreter = "interpreter's path"
        /// `PT_DYNAMIC`: what the dynamic loader needs to know.
        case dynamic = "dynamic section"
        /// `DT_STRTAB`: the names that the dynamic section uses.
        case stringTable = "dynamic string table"
        /// `DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`: the name of a library.
        case needed = "name of a needed library"
        /// `DT_RPATH` or `DT_RUNPATH`: where to look for libraries.
        case searchPath = "library search path"
        /// `DT_SONAME`: the name that a library has for others.
        case soname = "library's own name"
    }

    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The file does not begin with the four bytes of every ELF file.
        case notELF
        /// A field of the header has a value that no loader accepts.
        case unsupported(field: String, value: UInt64)
        /// The file ends inside the part; both numbers count bytes from the offset.
        case truncated(Part, needed: UInt64, available: UInt64)
        /// The entries of a table are not as large as they must be, in bytes.
        case wrongEntrySize(Part, expected: Int, actual: Int)
        /// The part is larger than this program reads, in bytes or entries.
        case tooLarge(Part, limit: UInt64, actual: UInt64)
        /// There are two of what there can be only one of.
        case duplicate(Part)
        /// A part that another one needs is not there.
        case missing(Part)
        /// An address that belongs to no segment's bytes in the file.
        case unmapped(Part, address: UInt64)
        /// An address that belongs to two segments.
        case ambiguous(Part, address: UInt64)
        /// A string begins at or beyond the end of the string table; both in bytes from its start.
        case outsideStringTable(Part, index: UInt64, size: UInt64)
        /// The part has no end mark.
        case unterminated(Part)
        /// The part has no content.
        case empty(Part)
    }

    /// What is wrong.
    public let reason: Reason
    /// The file.
    public let path: ByteString
    /// Where in the file, in bytes from its start.
    public let offset: UInt64

    /// A fault of a file at an offset.
    package init(_ reason: Reason, in path: ByteString, at offset: UInt64) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    /// For example: `Cannot read the ELF file '/bin/x': the dynamic section at byte 64 has no end mark`.
    public var description: String {
        if reason == .notELF { return "'\(path)' is not an ELF file" }
        return "Cannot read the ELF file '\(path)': \(sentence)"
    }

    private var sentence: String {
        switch reason {
        case .notELF: "it does not begin as one"
        case .unsupported(let field, let value): "the \(field) at byte \(offset) has the unknown value \(value)"
        case .truncated(let part, let needed, let available):
            "the \(part.rawValue) at byte \(offset) is cut off: expected \(needed) bytes, got \(available)"
        case .wrongEntrySize(let part, let expected, let actual):
            "the \(part.rawValue) at byte \(offset) has entries of the wrong size: "
                + "expected \(expected) bytes, got \(actual)"
        case .tooLarge(let part, let limit, let actual):
            "the \(part.rawValue) at byte \(offset) is too large: expected at most \(limit), got \(actual)"
        case .duplicate(let part): "there is a second \(part.rawValue) at byte \(offset)"
        case .missing(let part): "the \(part.rawValue), which the part at byte \(offset) needs, is missing"
        case .unmapped(let part, let address):
            "the \(part.rawValue) at address \(address), named at byte \(offset), is in no segment of the file"
        case .ambiguous(let part, let address):
            "the \(part.rawValue) at address \(address), named at byte \(offset), is in two segments that overlap"
        case .outsideStringTable(let part, let index, let size):
            "the \(part.rawValue), named at byte \(offset), begins at byte \(index) of a string table of \(size) bytes"
        case .unterminated(let part): "the \(part.rawValue) at byte \(offset) has no end mark"
        case .empty(let part): "the \(part.rawValue) at byte \(offset) is empty"
        }
    }
}
