// SPDX-License-Identifier: Apache-2.0

/// Collects what is wrong while a spec is read, so that all of it is reported at once.
final class SpecReader {
    /// Beyond this many problems nothing is kept but their number.
    private static let keptLimit = 1_000

    private var problems: [(problem: SpecProblem, place: SpecPosition)] = []
    private var count = 0

    /// Keeps a problem; it is not even made once there are too many.
    func report(_ problem: @autoclosure () -> SpecProblem, at place: SpecPosition) {
        count += 1
        if problems.count < Self.keptLimit { problems.append((problem(), place)) }
    }

    /// Takes over what another reader has collected.
    func adopt(_ other: SpecReader) {
        problems += other.problems.prefix(max(0, Self.keptLimit - problems.count))
        count += other.count
    }

    /// All problems in the order of the file; nil if there is none.
    func error(in source: SpecSource) -> SpecError? {
        guard count > 0 else { return nil }
        // Sorting by index too keeps the order of problems of one place.
        let sorted = problems.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
        let first = sorted.prefix(SpecError.diagnosticLimit)
        return SpecError(
            sorted: first.map { source.diagnostic($0.element.problem, at: $0.element.place) },
            total: count
        )
    }
}
