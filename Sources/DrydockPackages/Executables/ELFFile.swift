// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

/// What a dynamic loader wants to know of an ELF file.
///
/// Only the few parts that say it are read, each at its place, so that the size of the file does not matter.
package struct ELFFile: Hashable, Sendable {
    /// Which machine the file is for.
    package let machine: ELFMachine
    /// `PT_INTERP`: the path of the program that loads this one; nil for libraries and static executables.
    package let interpreter: ByteString?
    /// The dynamic section; nil for most static executables.
    package let dynamic: DynamicSection?

    /// The longest path that Linux accepts, with the zero byte at its end.
    static let pathLimit = 4096

    /// Reads an ELF file.
    ///
    /// - Throws: ``ELFFailure``, or `SystemError` when the file cannot be read.
    init(reading file: borrowing HostFile) throws {
        let header = try ELFHeader(of: file)
        machine = header.machine
        let segments = try ProgramHeader.all(of: file, header)
        interpreter = try segments.only(ProgramHeader.interpreter, .interpreter, in: file).map {
            try Self.interpreter($0, in: file)
        }
        if let segment = try segments.only(ProgramHeader.dynamic, .dynamic, in: file) {
            dynamic = try DynamicSection(of: file, segment, segments: segments, machine: header.machine)
        } else {
            dynamic = nil
        }
    }

    private static func interpreter(_ segment: ProgramHeader, in file: borrowing HostFile) throws -> ByteString {
        guard segment.fileSize <= pathLimit else {
            let reason = ELFFailure.Reason.tooLarge(
                .interpreter,
                limit: UInt64(pathLimit),
                actual: segment.fileSize
            )
            throw ELFFailure(reason, in: file.path, at: segment.offset)
        }
        let bytes = try file.bytes(at: segment.offset, count: Int(segment.fileSize), of: .interpreter)
        guard let end = bytes.firstIndex(of: 0) else {
            throw ELFFailure(.unterminated(.interpreter), in: file.path, at: segment.offset)
        }
        guard end > 0 else { throw ELFFailure(.empty(.interpreter), in: file.path, at: segment.offset) }
        return ByteString(bytes[..<end])
    }
}
