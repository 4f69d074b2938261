// SPDX-License-Identifier: Apache-2.0

/// A value on its way from the text to a type: it knows its key, and reports what does not fit.
struct SpecField {
    let node: SpecNode
    /// The key as it stands in the spec.
    let key: String
    /// Whether the value is an element of the list, or a value of the map, under the key.
    let isElement: Bool
    let reader: SpecReader

    init(_ node: SpecNode, key: String, isElement: Bool = false, reader: SpecReader) {
        self.node = node
        self.key = key
        self.isElement = isElement
        self.reader = reader
    }

    /// Where the elements of a list stand; of anything else its own place.
    var elementPlaces: [SpecPosition] {
        guard case .list(let elements) = node.value else { return [node.place] }
        return elements.map(\.place)
    }

    func report(_ message: String, hint: String? = nil) {
        reader.report(SpecProblem(message, hint: hint), at: node.place)
    }

    /// Reports that the value has the wrong type.
    func mismatch(_ expected: String, got: String? = nil, hint: String? = nil) {
        guard !node.isUnreadable else { return }
        let relation = isElement ? "in" : "for"
        report("Expected \(expected) \(relation) '\(key)', got \(got ?? node.kind)", hint: hint)
    }

    /// A string that fulfils a rule.
    func string(_ rule: SpecRule = .text, hint: String? = nil) -> String? {
        guard case .string(let text) = node.value else {
            mismatch("a string", hint: hint ?? quotingHint)
            return nil
        }
        guard let problem = rule.problem(text) else { return text }
        reader.report(problem, at: node.place)
        return nil
    }

    private var quotingHint: String? {
        guard let text = node.plainText, !text.isEmpty else { return nil }
        return "put it into quotes: \"\(text)\""
    }

    func bool() -> Bool? {
        if case .bool(let value) = node.value { return value }
        if case .ambiguousBool(let text) = node.value {
            let isTrue = ["yes", "on"].contains(text.lowercased())
            mismatch("true or false", got: "'\(text)'", hint: "write \(isTrue)")
        } else {
            mismatch("true or false")
        }
        return nil
    }

    /// A whole number within a range.
    func integer(in range: ClosedRange<Int64>) -> Int64? {
        switch node.value {
        case .integer(let value):
            if range.contains(value) { return value }
            report("Expected a whole number \(Self.words(range)) for '\(key)', got \(value)")
        case .number(let text) where SpecScalar.isDecimal(text[...]):
            report("Expected a whole number \(Self.words(range)) for '\(key)', got \(SpecProblem.quoted(text))")
        case .number(let text):
            mismatch("a whole number", got: SpecProblem.quoted(text), hint: "write it with decimal digits only")
        case .string(let text) where !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }:
            mismatch("a whole number", hint: "write it without quotes")
        default:
            mismatch("a whole number")
        }
        return nil
    }

    private static func words(_ range: ClosedRange<Int64>) -> String {
        range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }

    /// The elements of a list.
    func elements(_ expected: String) -> [SpecField]? {
        guard case .list(let nodes) = node.value else {
            mismatch(expected)
            return nil
        }
        return nodes.map { SpecField($0, key: key, isElement: true, reader: reader) }
    }

    /// A list of strings.
    func strings(_ rule: SpecRule = .text) -> [String]? {
        elements("a list of strings")?.compactMap { $0.string(rule) }
    }

    /// A list of strings, or one string for a list of one.
    func stringOrStrings(_ rule: SpecRule) -> [String]? {
        switch node.value {
        case .string: string(rule).map { [$0] }
        case .list: strings(rule)
        default: mismatched("a string or a list of strings")
        }
    }

    private func mismatched<Value>(_ expected: String) -> Value? {
        mismatch(expected, hint: quotingHint)
        return nil
    }

    /// A map with fixed keys; every other key is reported.
    func map(_ keys: SpecKeys) -> SpecMap? {
        guard case .map(let entries) = node.value else {
            mismatch("a map")
            return nil
        }
        return SpecMap(entries, at: node.place, keys: keys, reader: reader)
    }

    /// The pairs of a map whose keys the user chooses; null values are left out unless they are kept.
    func pairs(_ rule: SpecRule, keepingNull: Bool = false) -> [(key: String, value: SpecField)]? {
        guard case .map(let entries) = node.value else { return mismatched("a map") }
        return entries.compactMap { entry in
            let name = SpecField(entry.keyNode, key: key, isElement: true, reader: reader)
            guard case .string(let text) = entry.keyNode.value else {
                name.mismatch("a string as key", hint: name.quotingHint)
                return nil
            }
            if let problem = rule.problem(text) {
                reader.report(problem, at: entry.keyNode.place)
                return nil
            }
            guard keepingNull || !entry.value.isNull else { return nil }
            return (text, SpecField(entry.value, key: key, isElement: true, reader: reader))
        }
    }

    /// A map of strings to strings.
    func stringMap(keys rule: SpecRule) -> [String: String]? {
        pairs(rule).map { pairs in
            Dictionary(pairs.compactMap { pair in pair.value.string().map { (pair.key, $0) } }) { first, _ in first }
        }
    }
}
