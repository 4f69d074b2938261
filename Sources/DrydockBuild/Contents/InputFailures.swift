// SPDX-License-Identifier: Apache-2.0

import DrydockPackages

/// Several inputs of a spec that cannot be used, so that all of them can be mended at once.
public struct InputFailures: Error, CustomStringConvertible {
    /// At most this many are kept.
    public static let limit = 10

    /// What is wrong with each, in the order of the spec, up to the limit.
    public let failures: [any Error]
    /// How many more there are.
    public let omittedCount: Int

    /// How many there are, then each on a line of its own; a hint that several in succession share stands behind them.
    public var description: String {
        var lines = ["\(failures.count + omittedCount) inputs of the spec cannot be used"]
        var hint: Substring?
        for failure in failures {
            let parts = "\(failure)".split(separator: "\nhint: ", maxSplits: 1)
            let next = parts.count > 1 ? parts[1] : nil
            if let hint, hint != next { lines.append("hint: \(hint)") }
            lines += parts.prefix(1).map { String($0) }
            hint = next
        }
        if let hint { lines.append("hint: \(hint)") }
        if omittedCount > 0 { lines.append("and \(omittedCount) more") }
        return lines.joined(separator: "\n")
    }
}

/// What was found wrong with the inputs of a spec so far.
struct InputFaults {
    private var failures: [any Error] = []
    private var omittedCount = 0

    /// Does `work` on what the spec names at a place, and keeps what is wrong with that.
    ///
    /// - Returns: What `work` returns, nil if something was wrong.
    /// - Throws: Errors that are no fault of an input.
    mutating func gathering<Result>(at place: String?, _ work: () throws -> Result) throws -> Result? {
        do { return try work() } catch {
            guard PlacedFailure.isOfInput(error) else { throw error }
            add(error, at: place)
            return nil
        }
    }

    /// Keeps one more fault, or each of several.
    mutating func add(_ error: any Error, at place: String?) {
        if let several = error as? InputFailures {
            for failure in several.failures { add(failure, at: place) }
            omittedCount += several.omittedCount
        } else if failures.count == InputFailures.limit {
            omittedCount += 1
        } else if let place, !(error is PlacedFailure) {
            failures.append(PlacedFailure(place: place, cause: error))
        } else {
            failures.append(error)
        }
    }

    /// Ends the work if anything was wrong: with the fault itself if it is the only one.
    func report() throws {
        guard let first = failures.first else { return }
        throw failures.count == 1 ? first : InputFailures(failures: failures, omittedCount: omittedCount)
    }
}
