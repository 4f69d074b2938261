// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockStorage
import Glibc

/// Which store paths the layers of the previous image held.
///
/// An image tells it in the annotations of its layers, see ``StorePathAnnotation``, and in its history, where this program and
/// dockerTools write `store paths: ['…', '…']`; a plan that was printed as JSON tells it of each layer. Of an image in a
/// registry, manifest and configuration are fetched and no layer.
struct PreviousLayers: Sendable {
    /// What comes before the list in a layer's history.
    static let prefix = "store paths: "

    /// The paths of each layer that has any, the lowest first.
    var paths: [[String]] = []
    /// What the person should know.
    var notes: [String] = []

    /// No previous image.
    init() {}

    /// Those of the image or plan that a spec names; none if there is nothing yet where it says.
    ///
    /// The first build of an image has no previous one, and it is the same spec that builds it.
    ///
    /// - Throws: ``ImageStorageFailure``; ``PreviousLayersFailure``; `RegistryFailure`; ``BaseImageFailure`` for a registry
    ///   that must not or cannot be asked; `SystemError`.
    init(of spec: ImageSpec, _ environment: BuildEnvironment) async throws {
        guard let previous = spec.layering.previous else { return }
        if previous.hasPrefix(RemoteImages.prefix) {
            try await read(remote: previous, environment.platform(of: spec), environment)
        } else {
            try read(location: Self.location(previous, of: spec), previous)
        }
    }

    private mutating func read(remote text: String, _ platform: Platform, _ environment: BuildEnvironment) async throws
    {
        guard let images = environment.remoteImages else { throw BaseImageFailure.noStore(text) }
        guard let found = try await images.description(of: text, platform: platform) else { return isMissing(text) }
        paths = Self.paths(in: found.image)
        if let pinned = found.pinned { notes.append("the previous image is \(pinned)") }
    }

    private mutating func read(location: ImageLocation, _ text: String) throws {
        guard try Self.isThere(location.path) else { return isMissing(text) }
        let isPlan = location.transport == nil && location.path.hasSuffix(".json")
        paths = try isPlan ? Self.planned(location.path) : Self.paths(in: try StoredImage(at: location))
    }

    private static func isThere(_ path: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try FileStatus(of: path)
            return true
        } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return false
        }
    }

    private mutating func isMissing(_ text: String) {
        notes.append("there is no previous image '\(text)' yet: layers are planned from nothing")
    }

    /// The location with a path that does not depend on the working directory.
    private static func location(_ text: String, of spec: ImageSpec) throws -> ImageLocation {
        let location = try ImageLocation(text)
        guard let transport = location.transport else { return try ImageLocation(spec.resolve(text)) }
        let path = spec.resolve(location.path)
        return try ImageLocation(transport: transport, path: path, reference: location.reference)
    }

    /// What each layer's annotation tells, or else the history.
    private static func paths(in image: StoredImage) -> [[String]] {
        let steps = (image.configuration.history ?? []).filter { $0.emptyLayer != true }.map { parse($0.comment ?? "") }
        let annotated = image.layers.map { StorePathAnnotation.paths(in: $0.descriptor.annotations) }
        // A history of another length says nothing about which step made which layer, but still what was together.
        guard steps.count == annotated.count else {
            let known = annotated.compactMap(\.self)
            return (known.isEmpty ? steps : known).filter { !$0.isEmpty }
        }
        return zip(annotated, steps).map { $0 ?? $1 }.filter { !$0.isEmpty }
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
