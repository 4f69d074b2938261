// SPDX-License-Identifier: Apache-2.0

extension LayeringPipeline {
    /// The functions' names, in the order of the table.
    static let functionNames = [
        "popularity_contest", "split_every", "limit_layers", "reverse", "flatten", "remove_paths", "subcomponent_out",
        "subcomponent_in", "split_paths", "map", "over", "pipe", "reorder",
    ]

    /// How deep functions may be nested; each level takes a few stack frames.
    private static let depthLimit = 64

    /// Reads a pipeline.
    ///
    /// - Throws: If the value is not a list of functions, or a function is unknown or has wrong arguments.
    public init(parsing value: PipelineValue) throws(LayeringFailure) {
        do {
            steps = try LayeringPipeline.steps(of: value, depth: 0)
        } catch {
            throw LayeringFailure(.pipeline(error))
        }
    }

    private static func steps(of value: PipelineValue, depth: Int) throws(Fault) -> [Step] {
        guard case .array(let elements) = value else {
            throw .syntax(expected: "a list of functions", actual: value.kind)
        }
        var steps: [Step] = []
        for element in elements { steps.append(try step(of: element, depth: depth)) }
        return steps
    }

    private static func step(of value: PipelineValue, depth: Int) throws(Fault) -> Step {
        guard depth < depthLimit else { throw .tooDeep(limit: depthLimit) }
        guard case .array(let elements) = value else {
            throw .syntax(expected: "a list of a function's name and its arguments", actual: value.kind)
        }
        guard case .string(let name)? = elements.first else {
            let actual = elements.first?.kind ?? "an empty list"
            throw .syntax(expected: "a function's name at the start of a list", actual: actual)
        }
        let arguments = PipelineArguments(function: name, values: Array(elements.dropFirst()))
        switch name {
        case "map":
            try arguments.expect(1)
            return .map(try step(of: arguments.values[0], depth: depth + 1))
        case "pipe":
            try arguments.expect(1)
            return .pipe(try steps(of: arguments.values[0], depth: depth + 1))
        case "over":
            try arguments.expect(2)
            return .over(key: try arguments.string("key"), try step(of: arguments.values[1], depth: depth + 1))
        default: return try plainStep(of: arguments)
        }
    }

    /// A step without functions among its arguments.
    private static func plainStep(of arguments: PipelineArguments) throws(Fault) -> Step {
        switch arguments.function {
        case "popularity_contest", "reverse", "flatten":
            try arguments.expect(0)
            return arguments.function == "reverse"
                ? .reverse : arguments.function == "flatten" ? .flatten : .popularityContest
        case "split_every": return .splitEvery(try arguments.positiveInteger("count"))
        case "limit_layers": return .limitLayers(try arguments.positiveInteger("count"))
        case "remove_paths": return .removePaths(try arguments.pathOrPaths("paths"))
        case "subcomponent_out": return .subcomponentOut(try arguments.strings("paths"))
        case "subcomponent_in": return .subcomponentIn(try arguments.strings("paths"))
        case "split_paths": return .splitPaths(try arguments.selections("paths"))
        case "reorder": return .reorder(try arguments.strings("keys"))
        default: throw .unknownFunction(arguments.function)
        }
    }
}
