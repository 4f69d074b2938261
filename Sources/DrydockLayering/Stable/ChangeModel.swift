// SPDX-License-Identifier: Apache-2.0

/// How likely it is that an update changes a layer.
///
/// An update is either a *build* of one's own code or a *bump* of everything that comes from elsewhere. In each of them a
/// unit stays as it is with a probability that depends on its kind alone, independently of the others. A layer stays if
/// every unit stays that its paths reach: store paths change with their dependencies.
///
/// The probabilities are products of the constants below, made by multiplication in a fixed order and kept in tables. No
/// function of the C library takes part, so every machine computes the same bits and decides the same.
struct ChangeModel {
    /// What is known about when a unit changes.
    enum Kind: Int, CaseIterable {
        /// It comes from elsewhere.
        case ordinary
        /// It is not known where it comes from, but what refers to it are roots or beside roots: it may be made for them.
        case nearRoot
        /// It is not known where it comes from, but only roots refer to it, so it may be part of them.
        case besideRoot
        /// It was made here and others refer to it.
        case own
        /// It was made here and only roots refer to it.
        case ownBesideRoot
        /// Nothing refers to it, and nothing says that it comes from elsewhere.
        case root

        /// Whether builds change it, and not only bumps.
        var isVolatile: Bool { self != .ordinary && self != .nearRoot }

        /// The probability that it stays in one build and in one bump.
        var stays: (build: Double, bump: Double) {
            switch self {
            case .ordinary: (1, 0.942)
            case .nearRoot: (0.98, 0.942)
            case .besideRoot: (0.607, 0.942)
            case .own: (0.861, 0.607)
            case .ownBesideRoot: (0.607, 0.607)
            case .root: (0.05, 0.05)
            }
        }
    }

    /// How many of an image's updates are builds and how many are bumps.
    private static let share = (build: 0.8, bump: 0.2)

    /// The kind of each unit.
    let kinds: [Kind]

    /// For each kind the probabilities that so many units all stay, in a build and in a bump.
    private let staying: [(build: [Double], bump: [Double])]

    /// The model of a graph.
    ///
    /// If no node is known to be one's own, or if all are, what nothing refers to counts as such.
    init(graph: ReferenceGraph, units: ChangeUnits) {
        let isOwn = units.members.map { $0.contains { graph.nodes[$0].isOwn } }
        let knowsOwn = isOwn.contains(true) && isOwn.contains(false)
        let distances = Self.distances(in: units)
        kinds = (0..<units.count).map { unit in
            switch (knowsOwn, isOwn[unit], distances[unit]) {
            case (true, false, _): .ordinary
            case (_, _, 0): .root
            case (true, true, 1): .ownBesideRoot
            case (true, true, _): .own
            case (false, _, 1): .besideRoot
            case (false, _, 2): .nearRoot
            case (false, _, _): .ordinary
            }
        }
        var counts = Array(repeating: 0, count: Kind.allCases.count)
        for kind in kinds { counts[kind.rawValue] += 1 }
        staying = Kind.allCases.map { kind in
            let count = counts[kind.rawValue]
            return (Self.powers(of: kind.stays.build, upTo: count), Self.powers(of: kind.stays.bump, upTo: count))
        }
    }

    /// The probability that all units stay, in shares of the updates that are builds and that are bumps.
    struct Staying {
        fileprivate var build = ChangeModel.share.build
        fileprivate var bump = ChangeModel.share.bump

        /// The probability that an update changes at least one unit.
        var probabilityOfChange: Double { 1 - (build + bump) }
    }

    /// Takes more units of one kind into account.
    func add(_ count: Int, of kind: Kind, to result: inout Staying) {
        result.build *= staying[kind.rawValue].build[count]
        result.bump *= staying[kind.rawValue].bump[count]
    }

    /// 0 for roots, 1 for what only roots refer to, 2 for what only these and roots refer to, 3 for everything else.
    private static func distances(in units: ChangeUnits) -> [Int] {
        var distances = Array(repeating: 0, count: units.count)
        for distance in 1...3 {
            // What is too far for a distance of 0, of 1, of 2 puts what it refers to out of the next one.
            for unit in 0..<units.count where distances[unit] >= distance - 1 {
                for reference in units.references[unit] { distances[reference] = distance }
            }
        }
        return distances
    }

    private static func powers(of base: Double, upTo count: Int) -> [Double] {
        var powers = [1.0]
        powers.reserveCapacity(count + 1)
        for exponent in 0..<count {
            // Below this nothing changes a sum of two probabilities any more, and numbers near 0 are slow.
            powers.append(powers[exponent] < 1e-30 ? 0 : powers[exponent] * base)
        }
        return powers
    }
}
