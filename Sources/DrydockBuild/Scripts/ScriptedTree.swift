// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

/// The entries of an image while scripts change them: those of the layers below, and those of the last layer.
struct ScriptedTree {
    /// What is in other layers.
    private var below: [ByteString: TreeEntry]
    /// What the last layer holds.
    private var layer: [ByteString: TreeEntry]
    /// Names below that are gone.
    private var whiteouts: Set<ByteString> = []
    /// Directories through which nothing below shows.
    private var opaque: Set<ByteString> = []
    private let hidden: Set<ByteString>
    private let style: EntryStyle

    /// The layers below the last one.
    struct Below {
        /// What shows of them.
        var entries: [TreeEntry] = []
        /// All paths that they have, also those that do not show.
        var hidden: Set<ByteString> = []
    }

    init(below: Below, layer: [TreeEntry], style: EntryStyle) {
        self.layer = Dictionary(layer.map { ($0.path, $0) }) { _, last in last }
        self.below = Dictionary(below.entries.map { ($0.path, $0) }) { _, last in last }
        hidden = below.hidden
        self.style = style
    }

    /// All entries, or those of the last layer, as a script sees them.
    func entries(isWhole: Bool) -> [TreeEntry] {
        let seen = isWhole ? below.merging(layer) { _, own in own } : layer
        return seen.values.sorted { $0.path.precedesInTree($1.path) }
    }

    /// Takes over what a script has changed.
    mutating func apply(_ changes: [ScriptChange]) {
        for change in changes { apply(change) }
    }

    private mutating func apply(_ change: ScriptChange) {
        let path = change.path
        switch change {
        case .gone:
            let wasBelow = below[path] != nil || hidden.contains(path)
            remove(path)
            if wasBelow { whiteouts.insert(path) }
        case .opaque(let entry):
            let hadContent = below.keys.contains { $0.isBelow(path) }
            remove(path)
            if hadContent { opaque.insert(path) }
            layer[path] = entry
        case .entry(let entry):
            let wasOther = layer[path]?.isDirectory == false || below[path]?.isDirectory == false
            if !entry.isDirectory || wasOther { remove(path) }
            layer[path] = entry
        }
        if layer[path] != nil { whiteouts.remove(path) }
    }

    private mutating func remove(_ path: ByteString) {
        let own = layer.removeValue(forKey: path)
        let lower = below.removeValue(forKey: path)
        guard own?.isDirectory == true || lower?.isDirectory == true else { return }
        layer = layer.filter { !$0.key.isBelow(path) }
        below = below.filter { !$0.key.isBelow(path) }
        whiteouts = whiteouts.filter { !$0.isBelow(path) }
        opaque = opaque.filter { $0 != path && !$0.isBelow(path) }
    }

    /// The entries of the last layer: what it holds, what it hides, and the directories above both.
    func layerEntries() -> [TreeEntry] {
        var all = layer
        for path in whiteouts {
            add(marker: ByteString(Array(".wh.".utf8) + path.lastComponent.bytes), in: path.above, &all)
        }
        for path in opaque { add(marker: ".wh..wh..opq", in: path, &all) }
        for path in Array(all.keys) { addDirectories(above: path, &all) }
        return all.values.sorted { $0.path.precedesInTree($1.path) }
    }

    private func add(marker: ByteString, in directory: ByteString, _ all: inout [ByteString: TreeEntry]) {
        let path = directory.isEmpty ? marker : ByteString(directory.bytes + [UInt8(ascii: "/")] + marker.bytes)
        all[path] = TreeEntry(
            path: path,
            node: .file(.bytes([])),
            attributes: .init(mode: 0o644, owner: .root, modificationTime: style.modificationTime)
        )
    }

    private func addDirectories(above path: ByteString, _ all: inout [ByteString: TreeEntry]) {
        var current = path
        while !current.isEmpty {
            current = current.above
            guard !current.isEmpty, all[current] == nil else { continue }
            all[current] =
                below[current]
                ?? TreeEntry(
                    path: current,
                    node: .directory,
                    attributes: .init(mode: 0o755, owner: style.owner, modificationTime: style.modificationTime)
                )
        }
    }
}

extension ByteString {
    var above: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return ByteString(bytes[..<slash])
    }

    var lastComponent: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return ByteString(bytes[(slash + 1)...])
    }

    fileprivate func isBelow(_ directory: ByteString) -> Bool {
        if directory.isEmpty { return !isEmpty }
        return bytes.starts(with: directory.bytes + [UInt8(ascii: "/")])
    }
}
