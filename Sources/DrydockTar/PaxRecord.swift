// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A record of a PAX extended header: its own length, a keyword and a value.
///
/// See [pax Extended Header](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03).
struct PaxRecord {
    /// Says that names of the same header are bytes of no known encoding.
    static let binaryCharacterSet = PaxRecord(PaxKeyword.characterSet, Array("BINARY".utf8))

    let keyword: [UInt8]
    let value: [UInt8]

    init(_ keyword: String, _ value: [UInt8]) {
        self.keyword = Array(keyword.utf8)
        self.value = value
    }

    init(_ keyword: String, _ number: Int64) { self.init(keyword, Array(String(number).utf8)) }

    init(_ attribute: ExtendedAttribute) {
        keyword = Array(PaxKeyword.attributePrefix.utf8) + attribute.name.bytes
        value = attribute.value
    }

    /// Whether the value is UTF-8, as the format wants it.
    var isText: Bool { value.isASCII || String(validating: value, as: UTF8.self) != nil }

    /// The length in bytes, which counts its own digits.
    var length: Int {
        let others = keyword.count + value.count + 3
        var length = others + 1
        // One more digit can need one more again, so this takes two or three rounds.
        while others + Self.digits(length) != length { length = others + Self.digits(length) }
        return length
    }

    func append(to output: inout [UInt8]) {
        output.append(contentsOf: String(length).utf8)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: keyword)
        output.append(UInt8(ascii: "="))
        output.append(contentsOf: value)
        output.append(UInt8(ascii: "\n"))
    }

    private static func digits(_ number: Int) -> Int {
        var count = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }
}
