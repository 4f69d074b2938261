// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Which store paths the layers of the previous image held.
///
/// An image tells it in the annotations of its layers, see ``StorePathAnnotation``, and in its history, where this program and
/// dockerTools write `store paths: ['…', '…']`; a plan that was printed as JSON tells it of each layer.
struct PreviousLayers {
    /// What comes before the list in a layer's history.
    static let prefix = "store paths: "

    let spec: ImageSpec

    /// The paths of each layer, the lowest first; without a previous image there are none.
    ///
    /// - Throws: ``ImageStorageFailure``; ``PreviousLayersFailure``.
    func paths() throws -> [[String]] {
        guard let previous = spec.layering.previous else { return [] }
        let path = spec.resolve(previous)
        if path.hasSuffix(".json") { return try Self.planned(path) }
        var location = try ImageLocation(previous)
        if let transport = location.transport {
            let resolved = spec.resolve(location.path)
            location = try ImageLocation(transport: transport, path: resolved, reference: location.reference)
        } else {
            location = try ImageLocation(path)
        }
        return Self.paths(in: try StoredImage(at: location)).filter { !$0.isEmpty }
    }

    /// What each layer's annotation tells, or else the history.
    private static func paths(in image: StoredImage) -> [[String]] {
        let steps = (image.configuration.history ?? []).filter { $0.emptyLayer != true }.map { parse($0.comment ?? "") }
        let annotated = image.layers.map { StorePathAnnotation.paths(in: $0.descriptor.annotations) }
        // A history of another length says nothing about which step made which layer, but still what was together.
        guard steps.count == annotated.count else {
            let known = annotated.compactMap(\.self)
            return known.isEmpty ? steps : known
        }
        return zip(annotated, steps).map { $0 ?? $1 }
    }

    /// The text that ``parse(_:)`` reads, as Python writes a list of strings.
    static func comment(_ paths: [String]) -> String {
        prefix + "[" + paths.map { "'\($0)'" }.joined(separator: ", ") + "]"
    }

    /// The paths that a comment lists; none if it is about something else.
    static func parse(_ comment: String) -> [String] {
        guard comment.hasPrefix(prefix) else { return [] }
        // Store paths have no quotes, so every second piece is one.
        let pieces = comment.dropFirst(prefix.count).split(separator: "'", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
    }

    private static func planned(_ path: String) throws -> [[String]] {
        do {
            let bytes = try HostFile.read(path, limit: JSONLimits.document.bytes + 1)
            var plan = try JSONMembers(parsing: bytes)
            let layers: [JSONMembers] = try plan.require("layers")
            return try layers.map { layer in
                var layer = layer
                return try layer.take("storePaths") ?? []
            }.filter { !$0.isEmpty }
        } catch let error as JSONFailure {
            throw PreviousLayersFailure(path: path, failure: error)
        }
    }
}

/// A plan that cannot be read.
public struct PreviousLayersFailure: Error, CustomStringConvertible {
    let path: String
    let failure: JSONFailure

    /// One sentence for the person.
    public var description: String { "Cannot read the previous plan '\(path)': \(failure.clause)" }
}
