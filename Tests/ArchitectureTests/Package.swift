// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of this package as they lie on disk.
enum Package {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The names of the directories in `Sources` or `Tests`.
    static func directories(in folder: String) throws -> [String] {
        let url = root.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: [.isDirectoryKey])
            .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
            .map(\.lastPathComponent)
            .sorted()
    }

    /// All Swift files below a folder.
    static func swiftFiles(below folder: String) throws -> [SourceFile] {
        let url = root.appendingPathComponent(folder)
        let names = FileManager.default.enumerator(atPath: url.path)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            SourceFile(
                path: "\(folder)/\(name)",
                text: try String(contentsOf: url.appendingPathComponent(name), encoding: .utf8)
            )
        }
    }

    /// The names of the targets that `Package.swift` declares, each with what it depends on.
    static func declaredTargets() throws -> [String: Set<String>] {
        let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let declaration =
            #/(?:module|tests|\.target|\.executableTarget|\.systemLibrary)\(\s*(?:name:\s*)?"(\w+)",?\s*(?:(?:dependencies:\s*)?\[([^\]]*)\])?/#
        let products = names(ofProductsIn: manifest)
        let targets = manifest.matches(of: declaration).map { match in
            (String(match.1), names(ofDependencies: match.2.map(String.init) ?? "", products: products))
        }
        return Dictionary(targets) { first, _ in first }
    }

    /// The products of packages, by the names of the constants that stand for them.
    private static func names(ofProductsIn manifest: String) -> [String: String] {
        let declaration = #/let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/#
        let products = manifest.matches(of: declaration).map { (String($0.1), String($0.2)) }
        return Dictionary(products) { first, _ in first }
    }

    /// Strings stand for targets, other words for products of packages.
    private static func names(ofDependencies list: String, products: [String: String]) -> Set<String> {
        let entries = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        return Set(
            entries.filter { !$0.isEmpty }.map { entry in
                if entry.hasPrefix("\"") { return entry.trimmingCharacters(in: ["\""]) }
                return products[entry] ?? entry
            }
        )
    }
}
