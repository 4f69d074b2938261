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

    /// The largest document that is read, in bytes.
    ///
    /// Registries refuse larger manifests.
    /// [Distribution specification, Pushing Manifests](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests).
    public static let byteLimit = 4 << 20

    /// How deep arrays and objects may be nested; image documents need less than ten.
    public static let depthLimit = 64

    /// How many values a document may hold, so that a small document cannot ask for much memory.
    public static let valueLimit = 1 << 17

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
