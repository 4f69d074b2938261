// SPDX-License-Identifier: Apache-2.0

/// What a function of a pipeline takes and returns.
indirect enum PipelinePart {
    case graph(PipelineGraph)
    case list([PipelinePart])
    case dictionary([Member])

    /// An element of a dictionary.
    struct Member {
        let key: String
        var part: PipelinePart
    }

    /// What kind of value it is, for a message.
    var kind: String {
        switch self {
        case .graph: "a graph"
        case .list: "a list"
        case .dictionary: "a dictionary"
        }
    }

    /// The graphs in it, however deep, in order.
    var graphs: [PipelineGraph] {
        switch self {
        case .graph(let graph): [graph]
        case .list(let parts): parts.flatMap(\.graphs)
        case .dictionary(let members): members.flatMap(\.part.graphs)
        }
    }

    /// The graph that a function takes.
    func graph(for function: String) throws(LayeringFailure) -> PipelineGraph {
        guard case .graph(let graph) = self else { throw refusal(of: function, expected: "a graph") }
        return graph
    }

    /// The list that a function takes.
    func list(for function: String) throws(LayeringFailure) -> [PipelinePart] {
        guard case .list(let list) = self else { throw refusal(of: function, expected: "a list") }
        return list
    }

    /// The dictionary that a function takes.
    func dictionary(for function: String) throws(LayeringFailure) -> [Member] {
        guard case .dictionary(let members) = self else { throw refusal(of: function, expected: "a dictionary") }
        return members
    }

    /// The failure of a function that cannot take this.
    func refusal(of function: String, expected: String) -> LayeringFailure {
        LayeringFailure(.pipeline(.operand(function: function, expected: expected, actual: kind)))
    }
}
