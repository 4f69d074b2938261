// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// JSON for files that people edit: one member a line, indented with tabs, keys sorted; ends with a line break.
enum IndentedJSON {
    /// The text of a value.
    static func encode(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, indentation: 0, to: &bytes)
        return bytes + "\n".utf8
    }

    private static func append(_ value: JSONValue, indentation: Int, to bytes: inout [UInt8]) {
        switch value {
        case .object(let members) where !members.isEmpty:
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            appendList(sorted, "{", "}", indentation, to: &bytes) { member, bytes in
                bytes += CanonicalJSON.encode(member.key) + ": ".utf8
                append(member.value, indentation: indentation + 1, to: &bytes)
            }
        case .array(let elements) where !elements.isEmpty:
            appendList(elements, "[", "]", indentation, to: &bytes) { element, bytes in
                append(element, indentation: indentation + 1, to: &bytes)
            }
        default: bytes += CanonicalJSON.encode(value)
        }
    }

    private static func appendList<Element>(
        _ elements: [Element],
        _ start: String,
        _ end: String,
        _ indentation: Int,
        to bytes: inout [UInt8],
        _ appendElement: (Element, inout [UInt8]) -> Void
    ) {
        bytes += start.utf8
        for (position, element) in elements.enumerated() {
            bytes += (position > 0 ? ",\n" : "\n").utf8 + [UInt8](repeating: 0x09, count: indentation + 1)
            appendElement(element, &bytes)
        }
        bytes += "\n".utf8 + [UInt8](repeating: 0x09, count: indentation) + end.utf8
    }
}
