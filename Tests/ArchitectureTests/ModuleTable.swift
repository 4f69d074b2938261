// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The table of modules in `docs/architecture.md`.
struct ModuleTable {
    /// What the table says of one module.
    struct Row {
        let level: Int
        let name: String
        let ownImports: Set<String>
        let packageImports: Set<String>
    }

    let rows: [Row]

    /// Reads the table of the document; a line with another number of cells, or without a level, is not part of it.
    init() throws {
        let text = try String(contentsOf: Package.root.appendingPathComponent("docs/architecture.md"), encoding: .utf8)
        rows = text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 5, let level = Int(cells[0]), let name = Self.names(in: cells[1]).first else {
                return nil
            }
            return Row(
                level: level,
                name: name,
                ownImports: Self.names(in: cells[3]),
                packageImports: Self.names(in: cells[4])
            )
        }
    }

    func level(of module: String) -> Int? { rows.first { $0.name == module }?.level }

    /// What stands between backticks.
    private static func names(in cell: String) -> Set<String> {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return Set(parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) })
    }
}
