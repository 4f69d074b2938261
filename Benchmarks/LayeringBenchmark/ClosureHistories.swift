// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Foundation

/// Real closures: reference graphs in files.
enum ClosureHistories {
    /// What Nix says of one path, in `exportReferencesGraph` or `nix path-info --json`.
    private struct Entry: Decodable {
        var path: String?
        let narSize: Int64
        let references: [String]
        let deriver: String?
        let ultimate: Bool?
    }

    /// A file that is no reference graph.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The histories of a folder.
    ///
    /// A folder with `.json` files is one history: the files are its images, in the order of their names. Otherwise each
    /// folder in it is one.
    static func read(from folder: URL) throws -> [History] {
        let entries = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        let files = entries.filter { $0.pathExtension == "json" }
        if !files.isEmpty {
            return [History(name: folder.lastPathComponent, images: try files.map(image(from:)))]
        }
        return try entries.filter(\.hasDirectoryPath).flatMap(read(from:))
    }

    private static func image(from file: URL) throws -> History.Image {
        let entries = try self.entries(of: file)
        let positions = Dictionary(
            entries.enumerated().compactMap { place, entry in entry.path.map { ($0, place) } },
            uniquingKeysWith: { first, _ in first }
        )
        guard positions.count == entries.count else {
            throw Failure(description: "Cannot read '\(file.path)': an entry has no path, or two have the same")
        }
        let nodes = try entries.map { entry in
            let references = try entry.references.map { reference in
                guard let position = positions[reference] else {
                    throw Failure(description: "Cannot read '\(file.path)': it lacks \(reference)")
                }
                return position
            }
            return ReferenceGraph.Node(
                path: entry.path ?? "",
                size: max(0, entry.narSize),
                references: references,
                origin: entry.deriver,
                isOwn: entry.ultimate ?? false
            )
        }
        return History.Image(graph: ReferenceGraph(nodes: nodes), sources: nodes.map { source(of: $0.path) })
    }

    /// An array of entries, an object with the paths as keys, or an object that has one graph under some name.
    private static func entries(of file: URL) throws -> [Entry] {
        let data = try Data(contentsOf: file)
        let decoder = JSONDecoder()
        if let entries = try? decoder.decode([Entry].self, from: data) { return entries }
        if let byPath = try? decoder.decode([String: Entry].self, from: data) {
            return byPath.sorted { $0.key < $1.key }.map { path, entry in
                var entry = entry
                entry.path = path
                return entry
            }
        }
        if let graphs = try? decoder.decode([String: [Entry]].self, from: data), graphs.count == 1 {
            return graphs.values.flatMap(\.self)
        }
        throw Failure(description: "Cannot read '\(file.path)': it is no reference graph in Nix's JSON")
    }

    /// The name of a store path up to its version.
    private static func source(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let parts = name.split(separator: "-", omittingEmptySubsequences: false).dropFirst()
        return parts.prefix { $0.first?.isNumber != true }.joined(separator: "-")
    }
}
