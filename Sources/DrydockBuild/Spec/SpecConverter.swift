// SPDX-License-Identifier: Apache-2.0

import Yams

/// Turns the tree of Yams into ``SpecNode``s and reports the features of YAML that a spec does not use.
///
/// An anchor without an alias changes nothing and is passed over.
struct SpecConverter {
    private let composer: SpecComposer
    private let reader: SpecReader

    init(_ composer: SpecComposer, reportingTo reader: SpecReader) {
        self.composer = composer
        self.reader = reader
    }

    func convert(_ node: Node, depth: Int = 0) -> SpecNode {
        let place = composer.original(SpecPosition(node.mark))
        guard depth < SpecProblem.nestingLimit else {
            reader.report(.nesting, at: place)
            return SpecNode(.unreadable, at: place)
        }
        switch node {
        case .scalar(let scalar): return convert(scalar, at: place)
        case .alias: return SpecNode(.unreadable, at: place)
        case .sequence(let sequence):
            reportTag(sequence.tag, at: place)
            return SpecNode(.list(sequence.map { convert($0, depth: depth + 1) }), at: place)
        case .mapping(let mapping):
            reportTag(mapping.tag, at: place)
            return SpecNode(.map(entries(of: mapping, depth: depth)), at: place)
        }
    }

    private func convert(_ scalar: Node.Scalar, at place: SpecPosition, isKey: Bool = false) -> SpecNode {
        let text = SpecMarkers.unmark(scalar.string)
        let isPlain = scalar.style == .plain
        // The tag of a key is resolved when Yams hashes it, so only those of values are known. Yams tells that a scalar
        // has quotes by giving it the tag of strings.
        if !isKey, scalar.tag.rawValue != (isPlain ? Tag.Name.implicit : Tag.Name.str).rawValue {
            reportTag(scalar.tag, at: place)
            return SpecNode(.unreadable, at: place)
        }
        guard isPlain else { return SpecNode(.string(text), at: place) }
        if scalar.string.unicodeScalars.first(where: { $0 != SpecMarkers.duplicate }) == SpecMarkers.alias {
            let problem = SpecProblem(
                "Aliases such as \(SpecProblem.quoted(text)) are not supported",
                hint: Self.aliasHint
            )
            reader.report(problem, at: place)
            return SpecNode(.unreadable, at: place)
        }
        return SpecNode(SpecScalar.value(of: text), at: place, plainText: text)
    }

    private static let aliasHint = "write the value out, or put a text that starts with '*' into quotes"

    private func entries(of mapping: Node.Mapping, depth: Int) -> [SpecEntry] {
        var entries: [SpecEntry] = []
        var firstLines: [String: Int] = [:]
        for (key, value) in mapping {
            guard let entry = entry(key, value, depth: depth) else { continue }
            if let line = firstLines[entry.key] {
                reader.report(.duplicateKey(entry.key, firstLine: line), at: entry.keyNode.place)
                continue
            }
            firstLines[entry.key] = entry.keyNode.place.line
            entries.append(entry)
        }
        return entries
    }

    private func entry(_ key: Node, _ value: Node, depth: Int) -> SpecEntry? {
        let place = composer.original(SpecPosition(key.mark))
        guard case .scalar(let scalar) = key else {
            reader.report(.collectionKey, at: place)
            return nil
        }
        let keyNode = convert(scalar, at: place, isKey: true)
        let text = SpecMarkers.unmark(scalar.string)
        if text == "<<", scalar.style == .plain {
            reader.report(SpecProblem("Merge keys ('<<') are not supported", hint: "write the keys out"), at: place)
            return nil
        }
        return SpecEntry(key: text, keyNode: keyNode, value: convert(value, depth: depth + 1))
    }

    private func reportTag(_ tag: Tag, at place: SpecPosition) {
        guard tag.rawValue != Tag.Name.implicit.rawValue else { return }
        let prefix = "tag:yaml.org,2002:"
        let name = tag.rawValue.hasPrefix(prefix) ? "!!" + tag.rawValue.dropFirst(prefix.count) : tag.rawValue
        let problem = SpecProblem(
            "Tags such as \(SpecProblem.quoted(SpecMarkers.unmark(name))) are not supported",
            hint: "put a text into quotes and write a number without them"
        )
        reader.report(problem, at: place)
    }
}
