// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockDigests
import DrydockJSON
import DrydockStorage

/// What `cache ls` prints.
struct CacheReport {
    let directory: String
    let layers: [RememberedLayer]

    var json: JSONValue {
        .object([
            "directory": .string(directory),
            "layers": .array(
                layers.map { layer in
                    .object([
                        "key": .string("\(layer.key.digest)"),
                        "diffID": .string("\(layer.diffID)"),
                        "size": .integer(layer.size),
                        "paths": .array(layer.key.paths.map { .string($0) }),
                        "created": .string(Timestamp.Instant(seconds: layer.created).rfc3339),
                        "used": .string(Timestamp.Instant(seconds: layer.used).rfc3339),
                    ])
                }
            ),
        ])
    }

    var text: String {
        let size = layers.reduce(Int64(0)) { $0.addingReportingOverflow($1.size).partialValue }
        let count = layers.count == 1 ? "1 layer" : "\(layers.count) layers"
        let summary = "\(count), \(ByteSize(size)), remembered in \(directory)\n"
        guard !layers.isEmpty else { return "Nothing is remembered in \(directory)\n" }
        let rows = [["KEY", "DIFFID", "SIZE", "PATHS", "USED"]] + layers.map(row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = zip(row, widths).map { cell, width in cell.padded(to: width) }
            return cells.dropLast().joined(separator: "  ") + "  " + row[row.count - 1] + "\n"
        }
        return lines.joined() + "\n" + summary
    }

    private func row(_ layer: RememberedLayer) -> [String] {
        [
            layer.key.short, "\(layer.diffID)", "\(ByteSize(layer.size))", "\(layer.key.paths.count)",
            // The day alone: that is how exactly it is known.
            String(Timestamp.Instant(seconds: layer.used).rfc3339.prefix(10)),
        ]
    }
}

/// What `cache gc` prints.
struct CacheCollectionReport {
    let directory: String
    let removal: LocalStore.Removal

    var json: JSONValue {
        .object([
            "directory": .string(directory),
            "removed": .array(removal.removed.map { .string("\($0.key.digest)") }),
            "remaining": .integer(Int64(removal.remaining)),
            "freed": .integer(removal.freed),
        ])
    }

    var text: String {
        let all = removal.removed.count + removal.remaining
        let layers = all == 1 ? "1 layer" : "\(all) layers"
        return "Forgot \(removal.removed.count) of \(layers) in \(directory), freed \(ByteSize(removal.freed))\n"
    }
}

extension LayerKey {
    /// Enough digits to tell the keys of one cache apart.
    var short: String { String(digest.encoded.prefix(12)) }
}
