// SPDX-License-Identifier: Apache-2.0

import Yams

/// Runs Yams over a spec within bounds and keeps all duplicate keys apart.
///
/// - Aliases and explicit keys never reach Yams (``SpecMarkers``).
/// - Lists and maps as keys are the other way to make it hash without end. In a small text that costs little. A large
///   one is first parsed with brackets in place of braces: then a map inside of a map's key is a list in a list, which
///   Yams does not hash, and the result shows whether there is such a key.
/// - Yams stops at a duplicate key. The first of the two then gets a marker, and it starts again.
struct SpecComposer {
    /// Below this many bytes no text can keep Yams busy for long.
    private static let unguardedSize = 8 << 10
    /// Each list or map before a colon is at most 1024 characters long, so this many are still cheap.
    private static let collectionKeyLimit = 20_000
    /// How often a text is parsed again because of duplicate keys, and how many bytes that may be in all.
    private static let duplicateLimit = 20
    private static let duplicateByteLimit = 12 << 20

    private var text: String
    private var duplicateByteBudget = duplicateByteLimit
    /// The columns of duplicate markers by line.
    private var insertions: [Int: [Int]] = [:]

    init(_ source: SpecSource) {
        text = SpecMarkers.mark(source.text)
    }

    /// The root of the only document, nil if there is none.
    mutating func compose() throws(SpecProblemAt) -> Node? {
        if text.utf8.count > Self.unguardedSize, text.utf8.contains(UInt8(ascii: "{")) {
            try guardAgainstCollectionKeys()
        }
        return try parse { $0 }
    }

    /// Parses until there is no duplicate key left; `transform` must keep the place of every character.
    private mutating func parse(_ transform: (String) -> String) throws(SpecProblemAt) -> Node? {
        for _ in 0..<Self.duplicateLimit {
            do {
                return try Parser(yaml: transform(text), resolver: .basic, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let place = SpecPosition(context.mark)
                duplicateByteBudget -= text.utf8.count
                guard duplicateByteBudget > 0 else { throw duplicate(keys.first, at: place) }
                if let problem = markKey(at: place) { throw SpecProblemAt(problem, original(place)) }
            } catch {
                let failure = YAMLFailure.problem(error, in: text)
                throw SpecProblemAt(failure.problem, original(failure.place))
            }
        }
        throw SpecProblemAt(SpecProblem("The spec has more than \(Self.duplicateLimit) duplicate keys"), .start)
    }

    /// The place in the user's text for one in the text that Yams saw.
    func original(_ place: SpecPosition) -> SpecPosition {
        guard let columns = insertions[place.line] else { return place }
        return SpecPosition(line: place.line, column: place.column - columns.count { $0 < place.column })
    }

    private func duplicate(_ key: String?, at place: SpecPosition) -> SpecProblemAt {
        let name = SpecProblem.quoted(SpecMarkers.unmark(key ?? ""))
        return SpecProblemAt(SpecProblem("Key \(name) is used more than once here"), original(place))
    }

    /// Puts a marker into the key at the place; says what is wrong if there is no scalar there.
    private mutating func markKey(at place: SpecPosition) -> SpecProblem? {
        let starts = SpecSource.lineStarts(of: text)
        let scalars = text.unicodeScalars
        guard starts.indices.contains(place.line - 1),
            let start = scalars.index(starts[place.line - 1], offsetBy: place.column - 1, limitedBy: text.endIndex),
            start < text.endIndex
        else { return .unmarkableKey }
        let first = scalars[start]
        if first == "[" || first == "{" { return .collectionKey }
        if first == "!" || first == "&" { return .unmarkableKey }
        let isQuoted = first == "\"" || first == "'"
        text.unicodeScalars.insert(SpecMarkers.duplicate, at: isQuoted ? scalars.index(after: start) : start)
        let column = isQuoted ? place.column + 1 : place.column
        insertions[place.line] = (insertions[place.line] ?? []).map { $0 >= column ? $0 + 1 : $0 } + [column]
        return nil
    }

    private mutating func guardAgainstCollectionKeys() throws(SpecProblemAt) {
        guard collectionKeyBound() <= Self.collectionKeyLimit else {
            throw SpecProblemAt(
                SpecProblem("The spec has more than \(Self.collectionKeyLimit) lists or maps before a colon"),
                .start
            )
        }
        let root = try parse { String(decoding: $0.utf8.map(Self.bracket), as: UTF8.self) }
        guard let root, let place = collectionKey(in: root) else { return }
        throw SpecProblemAt(.collectionKey, original(place))
    }

    private static func bracket(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "{"): UInt8(ascii: "[")
        case UInt8(ascii: "}"): UInt8(ascii: "]")
        default: byte
        }
    }

    /// The place of the first list or map that is a key; `root` comes from the text with brackets.
    private func collectionKey(in root: Node) -> SpecPosition? {
        let braces = bracePlaces()
        var pending = [root]
        while let node = pending.popLast() {
            switch node {
            case .scalar, .alias: continue
            case .sequence(let sequence):
                let isMap = braces.contains(SpecPosition(sequence.mark))
                for element in sequence {
                    if isMap, case .sequence = element { return SpecPosition(element.mark) }
                    pending.append(element)
                }
            case .mapping(let mapping):
                for (key, value) in mapping {
                    guard case .scalar = key else { return SpecPosition(key.mark) }
                    pending.append(value)
                }
            }
        }
        return nil
    }

    /// Where the text has an opening brace.
    private func bracePlaces() -> Set<SpecPosition> {
        var places: Set<SpecPosition> = []
        var place = SpecPosition.start
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            if scalar == "{" { places.insert(place) }
            place.advance(over: scalar, after: previous)
            previous = scalar
        }
        return places
    }

    /// The number of closing brackets and braces before a colon: at least the number of simple keys that are collections.
    private func collectionKeyBound() -> Int {
        var count = 0
        var isAfterClosing = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "]"), UInt8(ascii: "}"): isAfterClosing = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"): continue
            case UInt8(ascii: ":") where isAfterClosing:
                count += 1
                isAfterClosing = false
            default: isAfterClosing = false
            }
        }
        return count
    }
}

extension SpecPosition {
    /// Yams counts as we do: from 1, columns in Unicode scalars.
    init(_ mark: Mark?) {
        self = mark.map { SpecPosition(line: $0.line, column: $0.column) } ?? .start
    }
}

/// A problem with its place; nothing after it can be read.
struct SpecProblemAt: Error {
    let problem: SpecProblem
    let place: SpecPosition

    init(_ problem: SpecProblem, _ place: SpecPosition) {
        self.problem = problem
        self.place = place
    }
}
