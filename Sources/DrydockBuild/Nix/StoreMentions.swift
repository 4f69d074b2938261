// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockPackages

/// Finds the store paths that contents mention, as Nix finds references: by their hash parts.
///
/// A store has far more paths than an image mentions. So what may be a hash part is collected first, and the store is asked
/// for that; only contents with very much of it, which nothing mentions, are compared with all paths that there are.
struct StoreMentions {
    /// The size of the steps in which files are read.
    private static let stepSize = 1 << 18
    /// How many possible hash parts the store is asked for one by one.
    private static let askedLimit = 4_096

    private let store: NixStore
    private let known: KnownMentions
    private var windows = HashPartWindows()
    /// What may be hash parts; with a table, what is one of its paths'.
    private var parts: Set<HashPart> = []
    /// All paths that can be mentioned, once they are known.
    private var table: HashPartTable?
    private let reader = ContentReader()
    private let buffer = AlignedBuffer(capacity: stepSize)

    /// Looks for the paths of a graph, or else for whatever the store has.
    init(in store: NixStore, graph: StoreClosure?, known: KnownMentions) {
        self.store = store
        self.known = known
        table = graph.map { HashPartTable($0.objects.map(\.path)) }
    }

    /// What was mentioned so far, sorted.
    ///
    /// - Throws: `SystemError` if the store's directory cannot be listed.
    func found() throws -> [StorePath] {
        guard let table else { return try known.paths(withHashParts: parts, in: store).sorted() }
        return parts.flatMap(table.indices).map { table.paths[$0] }.sorted()
    }

    mutating func scan(_ text: [UInt8]) throws {
        try update(text.span)
        separate()
    }

    /// Scans the content of a file, or the target of a link.
    mutating func scan(_ entry: TreeEntry) throws {
        switch entry.node {
        case .symlink(let target): try scan(target.bytes)
        // Too short for a hash part.
        case .file(let content) where content.size < StorePath.hashPartLength: break
        case .file(.host(let file)): try scan(file)
        case .file(let content): try read(content)
        default: break
        }
    }

    /// Scans a file of this host, unless it is known what it has.
    private mutating func scan(_ file: TreeFile) throws {
        var inFile = known.parts(in: file)
        if inFile == nil {
            var others: Set<HashPart> = []
            swap(&parts, &others)
            try read(.host(file))
            known.note(parts, in: file)
            swap(&parts, &others)
            inFile = others
        }
        parts.formUnion(inFile ?? [])
        try boundParts()
    }

    private mutating func read(_ content: FileContent) throws {
        try reader.open(content)
        while reader.remaining > 0 {
            try Task.checkCancellation()
            buffer.count = try unsafe reader.read(into: buffer.storage)
            try unsafe update(buffer.bytes.bindMemory(to: UInt8.self).span)
        }
        try reader.finish()
        separate()
    }

    private mutating func update(_ piece: borrowing Span<UInt8>) throws {
        var new: Set<HashPart> = []
        let table = table
        windows.update(piece) { bytes, start in
            if let table, !table.mayContain(bytes, at: start) { return }
            new.insert(HashPart(bytes, at: start))
        }
        parts.formUnion(new)
        try boundParts()
    }

    /// Leaves out what is no path's hash part, if there is very much of it.
    private mutating func boundParts() throws {
        guard parts.count > Self.askedLimit else { return }
        let table = try self.table ?? HashPartTable(StoreScan.paths(in: store.location))
        parts = parts.filter { !table.indices(of: $0).isEmpty }
        self.table = table
    }

    /// Keeps the end of one text and the start of the next from making a hash part.
    private mutating func separate() { windows.update([0].span) { _, _ in } }
}
