// SPDX-License-Identifier: Apache-2.0

/// The keys that a map of the spec may have.
struct SpecKeys: Sendable {
    let names: [String]
    /// Keys that people look for here, with the key under which they are.
    let elsewhere: [String: String]

    init(_ names: [String], elsewhere: [String: String] = [:]) {
        self.names = names
        self.elsewhere = elsewhere
    }

    /// What to say about a key that is not one of them.
    func problem(unknown key: String) -> SpecProblem {
        let quoted = SpecProblem.quoted(key)
        if let name = EditDistance.nearest(to: key, in: names) {
            return SpecProblem("Unknown key \(quoted); did you mean '\(name)'?")
        }
        if let home = elsewhere.first(where: { $0.key.lowercased() == key.lowercased() }) {
            return SpecProblem("Unknown key \(quoted)", hint: "'\(home.key)' belongs under '\(home.value)'")
        }
        return SpecProblem("Unknown key \(quoted)", hint: "the keys here are \(names.joined(separator: ", "))")
    }
}

/// A map of the spec whose keys have been checked; a key with `null` is absent.
struct SpecMap {
    private let values: [String: SpecNode]
    private let places: [String: SpecPosition]
    let place: SpecPosition
    let reader: SpecReader

    init(_ entries: [SpecEntry], at place: SpecPosition, keys: SpecKeys, reader: SpecReader) {
        self.place = place
        self.reader = reader
        var values: [String: SpecNode] = [:]
        var places: [String: SpecPosition] = [:]
        for entry in entries {
            guard keys.names.contains(entry.key) else {
                reader.report(keys.problem(unknown: entry.key), at: entry.keyNode.place)
                continue
            }
            places[entry.key] = entry.keyNode.place
            if !entry.value.isNull { values[entry.key] = entry.value }
        }
        self.values = values
        self.places = places
    }

    /// The value of a key, nil if it is absent.
    subscript(key: String) -> SpecField? {
        values[key].map { SpecField($0, key: key, reader: reader) }
    }

    /// The value of a key that must be there.
    func required(_ key: String) -> SpecField? {
        if let field = self[key] { return field }
        reader.report(SpecProblem("Missing key '\(key)'"), at: places[key] ?? place)
        return nil
    }

    /// The only one of some keys that is there; reports if there is none or more than one.
    func only(of keys: [String]) -> SpecField? {
        let present = keys.filter { values[$0] != nil }
            .sorted { (places[$0] ?? .start) < (places[$1] ?? .start) }
        let list = keys.map { "'\($0)'" }.joined(separator: ", ")
        guard let first = present.first else {
            reader.report(SpecProblem("Expected exactly one of \(list), got none"), at: place)
            return nil
        }
        for second in present.dropFirst() {
            report("'\(first)' and '\(second)' exclude each other", hint: "keep exactly one of \(list)", at: second)
        }
        return present.count == 1 ? self[first] : nil
    }

    /// Reports a key that goes only with others.
    func forbid(_ key: String, _ message: String) {
        if values[key] != nil { report(message, at: key) }
    }

    /// Reports something about a key, at the key.
    func report(_ message: String, hint: String? = nil, at key: String) {
        reader.report(SpecProblem(message, hint: hint), at: places[key] ?? place)
    }
}
