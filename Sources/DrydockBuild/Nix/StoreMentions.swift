// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockPackages

/// Finds the store paths that contents mention, as Nix finds references: by their hash parts.
struct StoreMentions {
    /// The size of the steps in which files are read.
    private static let stepSize = 1 << 18

    private var scanner: ReferenceScanner
    private let reader = ContentReader()
    private let buffer = AlignedBuffer(capacity: stepSize)

    /// Looks for the paths of a graph, or else for whatever the store has.
    init(in store: NixStore, graph: StoreClosure?) throws {
        let candidates = try graph.map { $0.objects.map(\.path) } ?? StoreScan.paths(in: store.location)
        scanner = ReferenceScanner(candidates)
    }

    /// What was mentioned so far, sorted.
    var found: [StorePath] { scanner.found.sorted() }

    mutating func scan(_ text: [UInt8]) {
        scanner.update(text.span)
        separate()
    }

    /// Scans the content of a file, or the target of a link.
    mutating func scan(_ entry: TreeEntry) throws {
        switch entry.node {
        case .symlink(let target): scan(target.bytes)
        case .file(let content):
            try reader.open(content)
            while reader.remaining > 0 {
                try Task.checkCancellation()
                buffer.count = try unsafe reader.read(into: buffer.storage)
                unsafe scanner.update(buffer.bytes.bindMemory(to: UInt8.self).span)
            }
            try reader.finish()
            separate()
        default: break
        }
    }

    /// Keeps the end of one text and the start of the next from making a hash part.
    private mutating func separate() { scanner.update([0].span) }
}
