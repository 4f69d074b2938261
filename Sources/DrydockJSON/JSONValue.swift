// SPDX-License-Identifier: Apache-2.0

/// Any JSON value: what a document holds where no type of this module knows better.
///
/// Keys of an object that differ only in Unicode normalisation count as equal, as `String` compares them.
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent.
    case integer(Int64)
    /// Any other number; finite, and within the range of `Int64`.
    case double(Double)
    /// A text.
    case string(String)
    /// Values in their order.
    case array([JSONValue])
    /// Values by key; the order of keys means nothing.
    case object([String: JSONValue])

    /// What kind of value it is, as it reads after "expected".
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .double: "a number"
        case .string: "a text"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
