// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON value that tests compare and look into.
public enum JSON: Codable, Hashable, Sendable {
    /// The literal `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number; the documents of images have no other.
    case number(Int64)
    /// A string.
    case string(String)
    /// A list.
    case array([JSON])
    /// Names and values.
    case object([String: JSON])

    /// Reads JSON text.
    ///
    /// - Throws: `DecodingError` if it is none.
    public init(_ text: some Collection<UInt8>) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text))
    }

    /// Reads a value of any kind.
    ///
    /// - Throws: `DecodingError` if it is none of these kinds.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    /// Writes the value as it was read.
    ///
    /// - Throws: `EncodingError`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The value of a member of an object, or of an element of an array by its number; nil if there is none.
    public subscript(path: String...) -> JSON? {
        path.reduce(self) { value, step in
            switch value {
            case .object(let members)?: return members[step]
            case .array(let elements)?: return Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            default: return nil
            }
        }
    }

    /// The members of an object; empty for everything else.
    public var members: [String: JSON] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// The elements of an array; empty for everything else.
    public var elements: [JSON] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The text of a string.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a whole number.
    public var number: Int64? {
        if case .number(let value) = self { value } else { nil }
    }
}
