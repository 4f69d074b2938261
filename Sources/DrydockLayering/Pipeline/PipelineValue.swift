// SPDX-License-Identifier: Apache-2.0

/// A value of the tree in which a pipeline is written: the part of JSON that the language uses.
public enum PipelineValue: Hashable, Sendable {
    /// A text.
    case string(String)
    /// A whole number.
    case integer(Int)
    /// A list.
    indirect case array([PipelineValue])
    /// Members in the order in which they were written.
    indirect case object([Member])

    /// A member of an object.
    public struct Member: Hashable, Sendable {
        /// The member's name.
        public var key: String
        /// What it holds.
        public var value: PipelineValue

        /// A member.
        public init(key: String, value: PipelineValue) {
            self.key = key
            self.value = value
        }
    }

    /// What kind of value it is, for a message.
    var kind: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension PipelineValue: ExpressibleByStringLiteral {
    /// A text.
    public init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension PipelineValue: ExpressibleByIntegerLiteral {
    /// A whole number.
    public init(integerLiteral value: Int) {
        self = .integer(value)
    }
}

extension PipelineValue: ExpressibleByArrayLiteral {
    /// A list.
    public init(arrayLiteral elements: PipelineValue...) {
        self = .array(elements)
    }
}

extension PipelineValue: ExpressibleByDictionaryLiteral {
    /// Members in the order in which they were written.
    public init(dictionaryLiteral elements: (String, PipelineValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }
}
