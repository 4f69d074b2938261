// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockDigests
import DrydockJSON
import DrydockStorage

/// What `cache ls` prints.
struct CacheReport {
    let directory: String
    let layers: [RememberedLayer]
    /// Blobs, parts of blobs, fragments, and results of scripts.
    var files: [KeptFiles.Entry] = []

    var json: JSONValue {
        .object([
            "directory": .string(directory),
            "files": .array(
                files.map { file in
                    .object([
                        "kind": .string(file.kind.rawValue),
                        "digest": .string("\(file.digest)"),
                        "size": .integer(file.size),
                        "used": .string(Timestamp.Instant(seconds: file.used).rfc3339),
                    ])
                }
            ),
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
        guard !layers.isEmpty else {
            return files.isEmpty ? "Nothing is remembered in \(directory)\n" : fileText
        }
        let head = Self.table([["KEY", "DIFFID", "SIZE", "PATHS", "USED"]] + layers.map(row))
        return head + "\n" + summary + (files.isEmpty ? "" : "\n" + fileText)
    }

    /// The blobs one by one, of the rest, of which there is much, only how much it is.
    private var fileText: String {
        let blobs = files.filter(\.isOfBlob)
        let rows = blobs.map { file in
            ["\(file.digest)", "\(ByteSize(file.size))", day(file.used) + (file.kind == .partial ? "  (a part)" : "")]
        }
        let table = blobs.isEmpty ? "" : Self.table([["BLOB", "SIZE", "USED"]] + rows) + "\n"
        return table + files.summary + ", kept in \(directory)\n"
    }

    private static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = zip(row, widths).map { cell, width in cell.padded(to: width) }
            return cells.dropLast().joined(separator: "  ") + "  " + row[row.count - 1] + "\n"
        }
        return lines.joined()
    }

    private func row(_ layer: RememberedLayer) -> [String] {
        [
            layer.key.short, "\(layer.diffID)", "\(ByteSize(layer.size))", "\(layer.key.paths.count)",
            // The day alone: that is how exactly it is known.
            day(layer.used),
        ]
    }

    private func day(_ time: Int64) -> String { String(Timestamp.Instant(seconds: time).rfc3339.prefix(10)) }
}

/// What `cache gc` prints.
struct CacheCollectionReport {
    let directory: String
    let removal: LocalStore.Removal
    /// The files that were removed.
    var files: [KeptFiles.Entry] = []

    private var freed: Int64 { files.reduce(removal.freed) { $0.addingReportingOverflow($1.size).partialValue } }

    var json: JSONValue {
        .object([
            "directory": .string(directory),
            "removed": .array(removal.removed.map { .string("\($0.key.digest)") }),
            "remaining": .integer(Int64(removal.remaining)),
            "removedFiles": .array(files.map { .string("\($0.digest)") }),
            "freed": .integer(freed),
        ])
    }

    var text: String {
        let all = removal.removed.count + removal.remaining
        let layers = all == 1 ? "1 layer" : "\(all) layers"
        let others = files.isEmpty ? "" : "; removed \(files.summary)"
        return "Forgot \(removal.removed.count) of \(layers) in \(directory), freed \(ByteSize(freed))\(others)\n"
    }
}

extension KeptFiles.Entry {
    /// Whether it is a blob, or a part of one.
    fileprivate var isOfBlob: Bool { kind == .blob || kind == .partial }
}

extension [KeptFiles.Entry] {
    /// For example: `2 blobs, 3.10 MB, and 12 fragments, 40.2 MB`.
    var summary: String {
        let parts = [
            ("blob", filter(\.isOfBlob)), ("fragment", filter { $0.kind == .fragment }),
            ("script result", filter { $0.kind == .result }),
        ]
        return parts.filter { !$0.1.isEmpty }.map { name, files in
            let size = files.reduce(Int64(0)) { $0.addingReportingOverflow($1.size).partialValue }
            return "\(files.count) \(name)\(files.count == 1 ? "" : "s"), \(ByteSize(size))"
        }.joined(separator: ", and ")
    }
}

extension LayerKey {
    /// Enough digits to tell the keys of one cache apart.
    var short: String { String(digest.encoded.prefix(12)) }
}
