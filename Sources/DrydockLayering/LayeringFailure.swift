// SPDX-License-Identifier: Apache-2.0

/// Items could not be put into layers.
public struct LayeringFailure: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Reason: Hashable, Sendable {
        /// No layer at all is allowed.
        case noLayer(limit: Int)
        /// The items' popularities have too many digits to count them in reasonable time.
        case popularityTooBig(count: Int)
        /// A pipeline cannot be read, or does not fit the graph.
        case pipeline(LayeringPipeline.Fault)
    }

    /// What was wrong.
    public let reason: Reason

    /// A failure for a reason.
    package init(_ reason: Reason) {
        self.reason = reason
    }
}

extension LayeringFailure: CustomStringConvertible {
    /// One sentence for the person.
    public var description: String {
        switch reason {
        case .noLayer(let limit):
            "Cannot put the paths into \(limit) layers: at least 1 is necessary\nhint: raise 'maxLayers'"
        case .popularityTooBig(let count):
            "Cannot count the popularity of \(count) paths: there are too many ways between them"
                + "\nhint: use another algorithm, such as 'sizeFirst'"
        case .pipeline(let fault):
            fault.description
        }
    }
}
