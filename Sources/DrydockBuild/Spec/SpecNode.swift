// SPDX-License-Identifier: Apache-2.0

/// A value of a spec with its place, free of everything that only YAML knows.
struct SpecNode: Sendable {
    /// What a value is.
    indirect enum Value: Sendable {
        /// Something that has been reported already.
        case unreadable
        case null
        case bool(Bool)
        /// A number in decimal digits that fits.
        case integer(Int64)
        /// Any other number, as it is written.
        case number(String)
        /// `yes`, `off` and the like: a boolean in YAML 1.1, a string in YAML 1.2.
        case ambiguousBool(String)
        case string(String)
        case list([SpecNode])
        case map([SpecEntry])
    }

    let value: Value
    let place: SpecPosition
    /// The text, if it is a scalar without quotes.
    let plainText: String?

    init(_ value: Value, at place: SpecPosition, plainText: String? = nil) {
        self.value = value
        self.place = place
        self.plainText = plainText
    }

    var isUnreadable: Bool {
        if case .unreadable = value { true } else { false }
    }

    var isNull: Bool {
        if case .null = value { true } else { false }
    }

    /// What it is in the words of a message.
    var kind: String {
        switch value {
        case .null, .unreadable: "nothing"
        case .bool, .ambiguousBool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// A key with its value.
struct SpecEntry: Sendable {
    /// The key; always a scalar, and a string unless ``keyNode`` says otherwise.
    let key: String
    let keyNode: SpecNode
    let value: SpecNode
}
