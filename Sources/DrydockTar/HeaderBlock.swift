// SPDX-License-Identifier: Apache-2.0

/// A header block of 512 bytes at the end of a buffer.
///
/// It is filled in place: tens of thousands of headers are written one after the other.
struct HeaderBlock {
    /// The magic word `ustar` with its NUL, and the version `00`.
    private static let magic = Array("ustar\u{0}00".utf8)
    private let start: Int

    /// Appends a block that is all zero but for the magic word.
    init(appendedTo output: inout [UInt8]) {
        start = output.count
        output.append(contentsOf: repeatElement(0, count: TarFormat.blockSize))
        put(Self.magic, in: .magic, of: &output)
    }

    func put(_ byte: UInt8, in field: TarField, of output: inout [UInt8]) { output[start + field.offset] = byte }

    /// The bytes from the field's beginning, cut off at its end.
    func put(_ bytes: [UInt8], in field: TarField, of output: inout [UInt8]) {
        let first = start + field.offset
        for index in 0..<min(bytes.count, field.width) { output[first + index] = bytes[index] }
    }

    /// A text as ASCII, with `?` for what is not.
    func putText(_ text: [UInt8], in field: TarField, of output: inout [UInt8]) {
        put(text.isASCII ? text : text.asciiForm, in: field, of: &output)
    }

    /// Octal digits with leading zeros that fill the field up to its last byte, which stays NUL; 0 if there are too few.
    func putNumber(_ number: Int64, in field: TarField, of output: inout [UInt8]) {
        var rest = field.holds(number) ? number : 0
        for index in field.range.dropLast().reversed() {
            output[start + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest & 7)
            rest >>= 3
        }
    }

    /// The sum of all bytes with the field itself as spaces: six digits, NUL, space.
    func putChecksum(in output: inout [UInt8]) {
        let field = TarField.checksum
        let space = UInt8(ascii: " ")
        // Cannot overflow: 512 bytes of 255 need 17 bits. The compiler makes a few vector instructions of this.
        var sum = UInt32(space) * UInt32(field.width)
        for byte in output[start..<start + TarFormat.blockSize] { sum &+= UInt32(byte) }
        putNumber(Int64(sum), in: TarField(at: field.offset, width: field.width - 1), of: &output)
        output[start + field.offset + field.width - 1] = space
    }
}
