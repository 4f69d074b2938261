// SPDX-License-Identifier: Apache-2.0

/// What follows a function's name in a pipeline.
struct PipelineArguments {
    typealias Fault = LayeringPipeline.Fault

    let function: String
    let values: [PipelineValue]

    /// Refuses another number of arguments.
    func expect(_ count: Int) throws(Fault) {
        guard values.count == count else {
            throw .argumentCount(function: function, expected: count, actual: values.count)
        }
    }

    /// The first of some arguments, whose number has been checked.
    func string(_ name: String) throws(Fault) -> String {
        guard case .string(let text) = values[0] else {
            throw wrong(name, expected: "a string", actual: values[0].kind)
        }
        return text
    }

    func positiveInteger(_ name: String) throws(Fault) -> Int {
        try expect(1)
        guard case .integer(let number) = values[0] else {
            throw wrong(name, expected: "an integer", actual: values[0].kind)
        }
        guard number >= 1 else { throw wrong(name, expected: "at least 1", actual: "\(number)") }
        return number
    }

    func strings(_ name: String) throws(Fault) -> [String] {
        try expect(1)
        return try strings(of: values[0], name, expected: "a list of strings")
    }

    func pathOrPaths(_ name: String) throws(Fault) -> [String] {
        try expect(1)
        return try pathOrPaths(of: values[0], name)
    }

    func selections(_ name: String) throws(Fault) -> [LayeringPipeline.PathSelection] {
        try expect(1)
        guard case .array(let elements) = values[0] else {
            throw wrong(name, expected: "a list of strings and objects", actual: values[0].kind)
        }
        var selections: [LayeringPipeline.PathSelection] = []
        for element in elements { selections.append(try selection(of: element, name)) }
        return selections
    }

    private func selection(of value: PipelineValue, _ name: String) throws(Fault) -> LayeringPipeline.PathSelection {
        switch value {
        case .string(let path): return .path(path)
        case .object(let members):
            guard members.count == 1, let member = members.first, member.key == "children_of" else {
                let keys = members.isEmpty ? "no key" : members.map { "'\($0.key)'" }.joined(separator: ", ")
                throw wrong(name, expected: "an object with the key 'children_of' alone", actual: keys)
            }
            return .childrenOf(try pathOrPaths(of: member.value, "children_of"))
        case .array, .integer:
            throw wrong(name, expected: "a list of strings and objects", actual: "a list that holds \(value.kind)")
        }
    }

    private func pathOrPaths(of value: PipelineValue, _ name: String) throws(Fault) -> [String] {
        if case .string(let path) = value { return [path] }
        return try strings(of: value, name, expected: "a string or a list of strings")
    }

    private func strings(of value: PipelineValue, _ name: String, expected: String) throws(Fault) -> [String] {
        guard case .array(let elements) = value else { throw wrong(name, expected: expected, actual: value.kind) }
        var strings: [String] = []
        for element in elements {
            guard case .string(let text) = element else {
                throw wrong(name, expected: expected, actual: "a list that holds \(element.kind)")
            }
            strings.append(text)
        }
        return strings
    }

    private func wrong(_ name: String, expected: String, actual: String) -> Fault {
        .argument(function: function, name: name, expected: expected, actual: actual)
    }
}
