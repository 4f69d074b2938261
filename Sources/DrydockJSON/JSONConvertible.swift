// SPDX-License-Identifier: Apache-2.0

/// A value with a JSON form.
///
/// Used in place of `Codable`, whose decoders keep the last of two equal keys and drop what they do not know: members
/// that this program does not know must survive when it edits another program's document.
public protocol JSONConvertible: Sendable {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: ``JSONFailure`` with the path below this value.
    init(json: JSONValue) throws(JSONFailure)

    /// The value's JSON form.
    var json: JSONValue { get }
}

extension JSONConvertible {
    /// Parses a document, within ``JSONLimits/document``.
    ///
    /// - Throws: ``JSONFailure`` with an offset if it is not JSON, with a path if it is not of this type.
    public init(parsing bytes: [UInt8]) throws(JSONFailure) {
        try self.init(json: JSONValue(parsing: bytes))
    }
}

extension JSONValue: JSONConvertible {
    /// The value itself.
    public init(json: JSONValue) { self = json }

    /// The value itself.
    public var json: JSONValue { self }
}

extension String: JSONConvertible {
    /// Reads a text.
    public init(json: JSONValue) throws(JSONFailure) {
        guard case .string(let text) = json else { throw .wrongKind("a text", json) }
        self = text
    }

    /// The text.
    public var json: JSONValue { .string(self) }
}

extension Bool: JSONConvertible {
    /// Reads `true` or `false`.
    public init(json: JSONValue) throws(JSONFailure) {
        guard case .bool(let bool) = json else { throw .wrongKind("true or false", json) }
        self = bool
    }

    /// `true` or `false`.
    public var json: JSONValue { .bool(self) }
}

extension Int64: JSONConvertible {
    /// Reads a number that has neither fraction nor exponent.
    public init(json: JSONValue) throws(JSONFailure) {
        guard case .integer(let integer) = json else { throw .wrongKind("an integer", json) }
        self = integer
    }

    /// The number.
    public var json: JSONValue { .integer(self) }
}

extension Array: JSONConvertible where Element: JSONConvertible {
    /// Reads an array, each element by its type.
    public init(json: JSONValue) throws(JSONFailure) {
        guard case .array(let values) = json else { throw .wrongKind("an array", json) }
        self = []
        reserveCapacity(values.count)
        for (position, value) in values.enumerated() {
            do { append(try Element(json: value)) } catch { throw error.inside(position) }
        }
    }

    /// The elements' JSON forms in their order.
    public var json: JSONValue { .array(map(\.json)) }
}

extension Dictionary: JSONConvertible where Key == String, Value: JSONConvertible {
    /// Reads an object, each value by its type.
    public init(json: JSONValue) throws(JSONFailure) {
        guard case .object(let members) = json else { throw .wrongKind("an object", json) }
        self = [:]
        // In a fixed order, so that of several faults always the same one is reported.
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            do { self[key] = try Value(json: value) } catch { throw error.inside(key) }
        }
    }

    /// The members' JSON forms by key.
    public var json: JSONValue { .object(mapValues(\.json)) }
}

extension Set: JSONConvertible where Element == String {
    /// Reads an object whose values are empty objects, as the image configuration writes sets.
    public init(json: JSONValue) throws(JSONFailure) {
        self = Set(try [String: JSONMembers](json: json).keys)
    }

    /// An object with an empty object for each member.
    public var json: JSONValue {
        .object(Dictionary(uniqueKeysWithValues: map { ($0, .object([:])) }))
    }
}

extension JSONFailure {
    static func wrongKind(_ expected: String, _ actual: JSONValue) -> JSONFailure {
        JSONFailure(.wrongKind(expected: expected, actual: actual.kind))
    }
}
