// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Where the inputs of a spec stand in its file, for errors that show only when they are read.
///
/// Any two are equal: where something is written is no part of what is written.
struct SpecPlaces: Hashable, Sendable {
    /// The spec's file in the user's words; empty for a spec that was not read from one.
    var file = ""
    /// The place of `fromImage`, if there is one.
    var fromImage: [SpecPosition] = []
    /// The places of the elements of `contents`.
    var contents: [SpecPosition] = []
    /// The places of the elements of `copyToRoot`.
    var copyToRoot: [SpecPosition] = []
    /// The places of the elements of `files`.
    var files: [SpecPosition] = []

    static func == (left: SpecPlaces, right: SpecPlaces) -> Bool { true }

    func hash(into hasher: inout Hasher) {}

    /// The places as texts, if there is one for each of `count` elements: a program may have changed the lists since.
    func texts(_ list: KeyPath<SpecPlaces, [SpecPosition]>, count: Int) -> [String?] {
        let places = self[keyPath: list]
        guard places.count == count, !file.isEmpty else { return Array(repeating: nil, count: count) }
        return places.map { "\(file):\($0.line):\($0.column)" }
    }
}

/// An input of a spec that cannot be used, with the place where the spec names it.
public struct PlacedFailure: Error, CustomStringConvertible {
    /// The spec's file, line and column, with colons between them.
    public let place: String
    /// What went wrong.
    public let cause: any Error

    /// The sentence of the cause with the place in front.
    public var description: String { "\(place): \(cause)" }

    /// Does `work` on what the spec names at a place, which errors then tell.
    static func placing<Result>(_ place: String?, _ work: () throws -> Result) throws -> Result {
        do { return try work() } catch {
            guard let place, isOfInput(error) else { throw error }
            throw PlacedFailure(place: place, cause: error)
        }
    }

    /// Whether something is wrong with what was read, and not with a temporary file.
    static func isOfInput(_ error: any Error) -> Bool {
        if let error = error as? SystemError { return ["open", "read", "list"].contains(error.operation) }
        return !(error is CancellationError)
    }
}
