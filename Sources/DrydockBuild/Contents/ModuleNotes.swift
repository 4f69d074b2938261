// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

extension Contents {
    /// What to do about interpreters that would not find their modules in the image, a note for each.
    var moduleNotes: [String] {
        let wanted = inputs.flatMap { input in input.modules.map { (modules: $0, place: input.places.first) } }
        guard !wanted.isEmpty else { return [] }
        let landmarks = Set(wanted.flatMap(\.modules.landmarks).map { ByteString($0.bytes.dropFirst()) })
        let entries = [foundation?.entries ?? [], scripted ?? []] + inputs.map(\.entries)
        let present = Set(entries.joined().lazy.map(\.path).filter(landmarks.contains))
        var told: Set<[ByteString]> = []
        return wanted.compactMap { modules, place in
            guard !modules.landmarks.contains(where: { present.contains(ByteString($0.bytes.dropFirst())) }),
                told.insert(modules.directories).inserted
            else { return nil }
            return (place.map { "\($0): " } ?? "") + modules.note
        }
    }
}

extension InterpreterModules {
    /// Which modules are not in the image, and how they get there.
    fileprivate var note: String {
        let subject = script.map { "'\($0)' runs '\(interpreter)', whose" } ?? "'\(interpreter)' is packed, but its"
        let items = directories.map { "{ directory: \($0), at: \($0) }" }.joined(separator: ", ")
        let dlopen = libraries.map { "; dlopen: [\"\($0)\"] in this item brings what modules in C need" } ?? ""
        return "\(subject) modules are not in the image\nhint: add \(items) to 'contents'\(dlopen)"
    }
}
