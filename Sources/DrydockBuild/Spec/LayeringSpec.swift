// SPDX-License-Identifier: Apache-2.0

public import DrydockLayering

/// How store paths are divided over layers.
public struct LayeringSpec: Hashable, Sendable {
    /// The algorithm.
    public var algorithm: LayeringAlgorithm
    /// Where the previous image is: an archive, a layout, `docker://REF`, or a plan that was printed as JSON; nil if there
    /// is none.
    ///
    /// Layers of it whose paths are all unchanged are kept.
    public var previous: String?

    /// A way to divide store paths; by default ``LayeringAlgorithm/stable`` without a previous image.
    public init(algorithm: LayeringAlgorithm = .stable, previous: String? = nil) {
        self.algorithm = algorithm
        self.previous = previous
    }
}

extension LayeringSpec {
    static let keys = SpecKeys(["algorithm", "previous"])

    /// Reads the keys `layering` and `layeringPipeline`, which exclude each other.
    static func read(_ map: SpecMap) -> LayeringSpec {
        if let field = map["layeringPipeline"] {
            map.forbid("layering", "'layering' and 'layeringPipeline' exclude each other")
            return LayeringSpec(algorithm: pipeline(field) ?? .stable)
        }
        guard let field = map["layering"] else { return LayeringSpec() }
        if case .string = field.node.value { return LayeringSpec(algorithm: algorithm(field)) }
        guard let map = field.map(keys) else { return LayeringSpec() }
        let layering = LayeringSpec(
            algorithm: map["algorithm"].map(algorithm) ?? .stable,
            previous: map["previous"]?.string(.imageSource)
        )
        if layering.previous != nil, layering.algorithm != .stable {
            map.report(
                "'previous' only goes with the algorithm 'stable', got '\(layering.algorithm.name)'",
                at: "previous"
            )
        }
        return layering
    }

    private static func algorithm(_ field: SpecField) -> LayeringAlgorithm {
        field.string(.layeringAlgorithm).flatMap { LayeringAlgorithm(name: $0) } ?? .stable
    }

    private static func pipeline(_ field: SpecField) -> LayeringAlgorithm? {
        do {
            return .pipeline(try LayeringPipeline(parsing: PipelineValue(field)))
        } catch {
            field.report("\(error)")
            return nil
        }
    }
}

extension SpecRule {
    fileprivate static let layeringAlgorithm = word(LayeringAlgorithm.named.map(\.name), "a layering algorithm")
}

extension PipelineValue {
    /// A value of the spec in the terms of the pipeline language; what that does not have becomes its text.
    fileprivate init(_ field: SpecField) {
        self.init(field.node)
    }

    private init(_ node: SpecNode) {
        switch node.value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(Int(number))
        case .list(let nodes): self = .array(nodes.map { PipelineValue($0) })
        case .map(let entries):
            self = .object(entries.map { Member(key: $0.keyNode.plainText ?? $0.key, value: PipelineValue($0.value)) })
        default: self = .string(node.plainText ?? node.kind)
        }
    }
}
