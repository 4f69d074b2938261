// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The order in which Python puts file names: by code point, where a byte that is not UTF-8 counts as a surrogate.
///
/// It is the order of bytes but for names that are not UTF-8: such a byte comes before U+E000 and what follows it.
/// [PEP 383](https://peps.python.org/pep-0383/).
enum CodePointOrder {
    /// Names that are sorted by bytes, sorted by code points.
    static func sorted(_ names: [ByteString]) -> [ByteString] {
        guard names.contains(where: { $0.utf8Text == nil }) else { return names }
        return names.map { (codePoints($0), $0) }.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    }

    private static func codePoints(_ name: ByteString) -> [UInt32] {
        var codePoints: [UInt32] = []
        var bytes = name.bytes.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        var position = 0
        while true {
            switch parser.parseScalar(from: &bytes) {
            case .valid(let encoded):
                codePoints.append(Unicode.UTF8.decode(encoded).value)
                position += encoded.count
            case .error(let length):
                codePoints += name.bytes[position..<position + length].map { 0xDC00 + UInt32($0) }
                position += length
            case .emptyInput: return codePoints
            }
        }
    }
}
