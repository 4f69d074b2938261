// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// Patterns for what of a directory is left out.
///
/// A pattern is a path from the directory on. Its components match names as in ``GlobPattern``, dots at the beginning
/// included; `**` stands for any number of directories, and at the end of a pattern for everything below. With a slash at its
/// end a pattern matches directories only. What a directory that matches contains is left out with it.
public struct Exclusions: Hashable, Sendable {
    /// The most components that a pattern may have: each is a bit of ``Progress``.
    public static let mostComponents = 63

    private let patterns: [Pattern]

    /// Patterns that are relative paths without empty components, each with ``mostComponents`` at most.
    public init(_ patterns: [String]) {
        self.patterns = patterns.map(Pattern.init)
    }

    /// Whether there are no patterns.
    var isEmpty: Bool { patterns.isEmpty }

    /// The patterns of some numbers, as they were written.
    func texts(where isWanted: (Int) -> Bool) -> [String] {
        patterns.indices.filter(isWanted).map { patterns[$0].text }
    }

    /// How far each pattern has matched the path of a directory: a bit for each component that may be next.
    struct Progress {
        fileprivate var reached: [UInt64]
    }

    /// Nothing has matched yet.
    var start: Progress { Progress(reached: patterns.map { $0.reaching(0) }) }

    /// Goes on to something in the directory that `progress` is for.
    ///
    /// - Returns: The progress below it, and the numbers of the patterns that match it.
    func step(_ progress: Progress, to name: ByteString, isDirectory: Bool) -> (below: Progress, matching: [Int]) {
        var below = progress
        var matching: [Int] = []
        for (number, pattern) in patterns.enumerated() {
            let reached = pattern.step(progress.reached[number], to: name)
            below.reached[number] = reached
            if pattern.isMatch(reached), isDirectory || !pattern.isForDirectories { matching.append(number) }
        }
        return (below, matching)
    }
}

/// One pattern.
private struct Pattern: Hashable {
    enum Part: Hashable {
        case name(GlobPattern)
        /// Any number of names.
        case anyDepth
    }

    let text: String
    let isForDirectories: Bool
    private let parts: [Part]

    init(_ text: String) {
        self.text = text
        let slash = UInt8(ascii: "/")
        isForDirectories = text.utf8.last == slash
        let components = Array(text.utf8).split(separator: slash)
        parts = components.prefix(Exclusions.mostComponents).map { component in
            component.elementsEqual("**".utf8)
                ? .anyDepth : .name(GlobPattern(component: component, matchesHiddenNames: true))
        }
    }

    func isMatch(_ reached: UInt64) -> Bool { reached & 1 << UInt64(parts.count) != 0 }

    /// A position, and those behind it that no name is needed for.
    func reaching(_ position: Int) -> UInt64 {
        var (position, bits) = (position, UInt64(1) << UInt64(position))
        // Everything below something is not that itself.
        while position < parts.count - 1, parts[position] == .anyDepth {
            position += 1
            bits |= 1 << UInt64(position)
        }
        return bits
    }

    func step(_ reached: UInt64, to name: ByteString) -> UInt64 {
        var next: UInt64 = 0
        for position in parts.indices where reached & 1 << UInt64(position) != 0 {
            switch parts[position] {
            case .name(let glob): if glob.matches(name) { next |= reaching(position + 1) }
            case .anyDepth:
                next |= reaching(position)
                if position == parts.count - 1 { next |= 1 << UInt64(parts.count) }
            }
        }
        return next
    }
}
