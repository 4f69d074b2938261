// SPDX-License-Identifier: Apache-2.0

extension LayeringPipeline {
    /// What is wrong with a pipeline.
    public enum Fault: Error, Hashable, Sendable {
        /// The pipeline, or a function in it, is not written as it must be.
        case syntax(expected: String, actual: String)
        /// No function has this name.
        case unknownFunction(String)
        /// A function has too few or too many arguments.
        case argumentCount(function: String, expected: Int, actual: Int)
        /// An argument is of the wrong kind or out of range.
        case argument(function: String, name: String, expected: String, actual: String)
        /// Functions are nested too deeply.
        case tooDeep(limit: Int)
        /// A function was given what it cannot take.
        case operand(function: String, expected: String, actual: String)
        /// A dictionary lacks a key.
        case missingKey(function: String, key: String, actual: [String])
        /// A list became too long.
        case tooManyParts(function: String, limit: Int)
    }
}

extension LayeringPipeline.Fault: CustomStringConvertible {
    /// One sentence for the person.
    public var description: String {
        switch self {
        case .syntax(let expected, let actual):
            "Cannot read the layering pipeline: expected \(expected), got \(actual)"
        case .unknownFunction(let name):
            "Cannot read the layering pipeline: no function has the name '\(name)'"
                + "\nhint: the functions are \(LayeringPipeline.functionNames.joined(separator: ", "))"
        case .argumentCount(let function, let expected, let actual):
            "Cannot read the layering pipeline: '\(function)' has the wrong number of arguments: "
                + "expected \(expected), got \(actual)"
        case .argument(let function, let name, let expected, let actual):
            "Cannot read the layering pipeline: argument '\(name)' of '\(function)' is wrong: "
                + "expected \(expected), got \(actual)"
        case .tooDeep(let limit):
            "Cannot read the layering pipeline: its functions are nested more than \(limit) deep"
        case .operand(let function, let expected, let actual):
            "Cannot apply '\(function)' of the layering pipeline: expected \(expected), got \(actual)"
        case .missingKey(let function, let key, let actual):
            "Cannot apply '\(function)' of the layering pipeline: expected the key '\(key)', got "
                + (actual.isEmpty ? "no key" : actual.map { "'\($0)'" }.joined(separator: ", "))
        case .tooManyParts(let function, let limit):
            "Cannot apply '\(function)' of the layering pipeline: expected at most \(limit) parts, got more"
        }
    }
}
