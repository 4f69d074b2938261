// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

/// A root file system as a table from real paths to entries, as simple as can be and as slow.
private struct RootModel {
    private typealias Path = [String]

    private var entries: [Path: (entry: TreeEntry, owner: Int)] = [:]
    /// Directories that were made because something lies below them.
    private var made: Set<Path> = []
    /// The inputs that are trees of `copyToRoot`.
    let copies: Range<Int>
    /// Whether these keep their links.
    let keepsLinks: Bool
    /// The input whose entry is inserted.
    private var input = 0

    init(copies: Range<Int>, keepsLinks: Bool) {
        self.copies = copies
        self.keepsLinks = keepsLinks
    }

    /// False if the entry is refused.
    mutating func insert(_ entry: TreeEntry, from input: Int) -> Bool {
        self.input = input
        let path = Self.components("\(entry.path)")
        var links = 0
        guard let name = path.last, let parent = follow(path.dropLast(), from: [], &links) else { return false }
        let place = parent + [name]
        let old = entries[place]
        if case .symlink(let target)? = old?.entry.node, entry.isDirectory {
            if isCopied(place) {
                let end = existing(target, in: parent) ?? place
                if !end.isEmpty { put(entry, at: end) }
                return true
            }
            guard let end = follow(link: target, in: parent, &links) else { return false }
            if entries[end] == nil, !end.isEmpty { entries[end] = (entry, input) }
            return true
        }
        if case .symlink(let target) = entry.node, old == nil, made.contains(place) {
            guard let end = follow(link: target, in: parent, &links), move(place, to: end) else { return false }
            entries[place] = (entry, input)
            return true
        }
        let isThere = old != nil || made.contains(place)
        let wasDirectory = old?.entry.isDirectory ?? made.contains(place)
        guard !isThere || wasDirectory == entry.isDirectory else { return false }
        put(entry, at: place)
        return true
    }

    /// Moves what is below a directory that was made; false if it does not fit there.
    private mutating func move(_ place: Path, to end: Path) -> Bool {
        guard !end.starts(with: place) else { return false }
        let below = Set(entries.keys).union(made).filter { $0.count > place.count && $0.starts(with: place) }
        for path in below {
            let goal = end + path.dropFirst(place.count)
            guard goal != place else { return false }
            let isThere = entries[goal] != nil || made.contains(goal)
            guard !isThere || isDirectory(goal) && isDirectory(path) else { return false }
        }
        for path in below {
            let goal = end + path.dropFirst(place.count)
            let (old, new) = (entries[goal], entries[path])
            entries[path] = nil
            if made.remove(path) != nil { made.insert(goal) }
            guard let new, old.map({ $0.owner < new.owner }) ?? true else { continue }
            entries[goal] = new
        }
        made.remove(place)
        return true
    }

    private func isDirectory(_ place: Path) -> Bool { entries[place]?.entry.isDirectory ?? made.contains(place) }

    private mutating func put(_ entry: TreeEntry, at place: Path) {
        let old = entries[place]?.entry
        if old?.node != entry.node || old?.attributes != entry.attributes { entries[place] = (entry, input) }
    }

    /// Whether a link of one copied tree is met by another.
    private func isCopied(_ place: Path) -> Bool {
        copies.contains(input) && entries[place].map { copies.contains($0.owner) } ?? false
    }

    /// The directory that is there behind a link that is kept.
    private func existing(_ link: ByteString, in parent: Path) -> Path? {
        var rest = Self.components("\(link)")
        var current = "\(link)".hasPrefix("/") ? [] : parent
        var links = 1
        while !rest.isEmpty {
            let name = rest.removeFirst()
            let place = name == "." ? current : name == ".." ? current.dropLast() : current + [name]
            if case .symlink(let target)? = entries[place]?.entry.node {
                links += 1
                if "\(target)".hasPrefix("/") { current = [] }
                rest = Self.components("\(target)") + rest
            } else {
                let isMade = place.isEmpty || made.contains(place)
                guard entries[place]?.entry.isDirectory ?? isMade else { return nil }
                current = place
            }
            if links > 40 { return nil }
        }
        return keepsLinks ? current : nil
    }

    /// What a layer of these inputs holds: the paths, each with its mode.
    func lines(of owners: Range<Int>) -> [String] {
        var wanted: Set<Path> = []
        for (path, value) in entries where owners.contains(value.owner) {
            for length in 1...path.count { wanted.insert(Array(path.prefix(length))) }
        }
        return wanted.sorted { $0.lexicographicallyPrecedes($1) { Array($0.utf8).lexicographicallyPrecedes($1.utf8) } }
            .map { path in
                let entry = entries[path]?.entry
                return Self.line(path.joined(separator: "/"), entry)
            }
    }

    static func line(_ path: String, _ entry: TreeEntry?) -> String {
        "\(path) \(entry?.attributes.mode ?? 0o755) \(entry.map { "\($0.node)" } ?? "directory")"
    }

    private mutating func follow(link: ByteString, in parent: Path, _ links: inout Int) -> Path? {
        links += 1
        guard links <= 40 else { return nil }
        let target = "\(link)"
        return follow(Self.components(target)[...], from: target.hasPrefix("/") ? [] : parent, &links)
    }

    private mutating func follow(_ components: ArraySlice<String>, from start: Path, _ links: inout Int) -> Path? {
        var current = start
        for name in components where name != "." {
            if name == ".." {
                current = current.dropLast()
                continue
            }
            let place = current + [name]
            switch entries[place]?.entry.node {
            case .directory: current = place
            case nil:
                made.insert(place)
                current = place
            case .symlink(let target):
                if isCopied(place) {
                    if let end = existing(target, in: current) {
                        current = end
                        continue
                    }
                    entries[place] = nil
                    made.insert(place)
                    current = place
                    continue
                }
                guard let end = follow(link: target, in: current, &links) else { return nil }
                current = end
            default: return nil
            }
        }
        return current
    }

    private static func components(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}

/// Random inputs of an image, put together by the tree and by a model of it.
@Suite
struct RootTreeModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `the tree does what the model does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<250 {
            let inputs = 1 + random.below(4)
            let (copies, keepsLinks) = (random.below(inputs + 1)..<inputs, random.below(2) == 0)
            var tree = RootTree(
                inputs: (0..<inputs).map { "input \($0)" },
                style: Pipeline.style,
                copies: RootTree.Copies(inputs: copies, keepsLinks: keepsLinks)
            )
            var model = RootModel(copies: copies, keepsLinks: keepsLinks)
            var history: [String] = []
            for _ in 0..<random.below(30) {
                let (entry, input) = (random.entry(), random.below(inputs))
                let isTaken = (try? tree.insert(entry, from: input)) != nil
                history.append("\(input) \(RootModel.line("\(entry.path)", entry)) \(isTaken)")
                try #require(isTaken == model.insert(entry, from: input), "seed \(seed) round \(round): \(history)")
            }
            for first in 0..<inputs {
                for owners in [first..<first + 1, first..<inputs] {
                    let lines = tree.entries(of: owners).map { RootModel.line("\($0.path)", $0) }
                    try #require(lines == model.lines(of: owners), "seed \(seed) round \(round): \(history)")
                }
            }
        }
    }
}

extension SeededGenerator {
    /// An entry of few names, so that they meet.
    fileprivate mutating func entry() -> TreeEntry {
        let names = ["a", "b", "c"]
        let path = (0...below(3)).map { _ in pick(names) }.joined(separator: "/")
        let attributes = TreeEntry.Attributes(
            mode: pick([0o755, 0o700]),
            owner: .root,
            modificationTime: 1
        )
        return TreeEntry(path: ByteString(path), node: node(), attributes: attributes)
    }

    private mutating func node() -> TreeEntry.Node {
        switch below(7) {
        case 0: .file(.bytes([UInt8(below(2))]))
        case 1: .symlink(ByteString(pick(["a", "b", "../a", "/a/b", "/", "..", "./c", "c/d/e", "../../b/../c"])))
        case 2, 3: .directory
        default: .file(.bytes([7]))
        }
    }
}
