// SPDX-License-Identifier: Apache-2.0

/// The members of one object while a value is read from it or written to it.
///
/// Reading takes members out, so that what remains is what the reader does not know; writing starts from there.
public struct JSONMembers: JSONConvertible {
    /// The members that were not taken, or all that were put.
    public private(set) var remaining: [String: JSONValue]

    /// Starts writing with members that are written as they are.
    public init(_ members: [String: JSONValue] = [:]) { remaining = members }

    /// Starts reading an object; `null` counts as an empty one, as Go writes it.
    public init(json: JSONValue) throws(JSONFailure) {
        switch json {
        case .object(let members): remaining = members
        case .null: remaining = [:]
        default: throw .wrongKind("an object", json)
        }
    }

    /// The object with the members.
    public var json: JSONValue { .object(remaining) }

    /// Takes a member that may be absent; `null` counts as absent, as Go writes it.
    public mutating func take<Value: JSONConvertible>(_ key: String) throws(JSONFailure) -> Value? {
        guard let value = remaining.removeValue(forKey: key), value != .null else { return nil }
        do { return try Value(json: value) } catch { throw error.inside(key) }
    }

    /// Takes a member that must be there.
    public mutating func require<Value: JSONConvertible>(_ key: String) throws(JSONFailure) -> Value {
        guard let value: Value = try take(key) else { throw JSONFailure(.missing, path: key.clippedForMessage) }
        return value
    }

    /// Takes an array that must be there; `null` counts as empty, as Go writes an array that was never filled.
    public mutating func requireArray<Element: JSONConvertible>(_ key: String) throws(JSONFailure) -> [Element] {
        if remaining[key] == .null { remaining[key] = .array([]) }
        return try require(key)
    }

    /// Puts a member, or leaves it out.
    public mutating func put(_ key: String, _ value: (some JSONConvertible)?) {
        if let value { remaining[key] = value.json }
    }
}
