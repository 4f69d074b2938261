// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockStorage

/// `drydock cache verify`.
struct CacheVerificationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Make every remembered layer anew, read every blob, and forget what comes out differently.",
        discussion: """
            Reads all store paths that are still there. Layers of paths that are gone stay for 'drydock cache gc'. Blobs are \
            compared with their digests, and compressed store paths are decompressed; what is damaged is removed.

            The exit code is 1 if something was wrong.
            """
    )

    @OptionGroup var cache: CacheOption

    @Flag(help: "Print what was found as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let store = try cache.store()
        let report = try await BlockingPool.withPool { pool in
            var found: [LocalStore.Verification] = []
            if store.isPresent {
                try await store.verify(width: pool.width) { layer in
                    try layer.remade()
                } report: {
                    found.append($0)
                }
            }
            let files = KeptFiles(store)
            return CacheVerificationReport(
                directory: store.directory,
                found: found,
                files: try files.entries().filter { $0.kind != .partial },
                damaged: try files.removeDamaged()
            )
        }
        try Output.warnings(store.warnings)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
        if report.isBad || !store.warnings.isEmpty { throw ExitCode.failure }
    }
}

/// What `cache verify` prints.
struct CacheVerificationReport {
    let directory: String
    let found: [LocalStore.Verification]
    /// The blobs and fragments that were read.
    var files: [KeptFiles.Entry] = []
    /// Those of them that were damaged, and are removed.
    var damaged: [KeptFiles.Entry] = []

    /// Whether a layer was wrong or could not be made, or a file was damaged.
    var isBad: Bool { count("wrong") + count("failed") + damaged.count > 0 }

    var json: JSONValue {
        .object([
            "directory": .string(directory),
            "files": .integer(Int64(files.count)),
            "damaged": .array(
                damaged.map { file in
                    .object(["kind": .string(file.kind.rawValue), "digest": .string("\(file.digest)")])
                }
            ),
            "layers": .array(
                found.map { verification in
                    .object([
                        "key": .string("\(verification.layer.key.digest)"),
                        "outcome": .string(verification.outcome.name),
                        "expected": measure(verification.layer.measure),
                        "actual": verification.outcome.actual.map(measure) ?? .null,
                        "error": verification.outcome.error.map { .string($0) } ?? .null,
                    ])
                }
            ),
        ])
    }

    private func measure(_ measure: LayerMeasure) -> JSONValue {
        .object(["diffID": .string("\(measure.diffID)"), "size": .integer(measure.size)])
    }

    var text: String {
        let layers = found.count == 1 ? "1 layer" : "\(found.count) layers"
        let summary =
            "Checked \(layers) in \(directory): \(count("right")) right, \(count("wrong")) wrong and forgotten, "
            + "\(count("absent")) of other store paths than are there now, \(count("failed")) unreadable\n"
        let read = files.isEmpty ? "" : "Read \(files.summary): \(damaged.count) damaged and removed\n"
        let lines = damaged.map { "damaged  \($0.kind.rawValue) \($0.digest)\n" }
        return found.compactMap(line).joined() + lines.joined() + summary + read
    }

    private func count(_ outcome: String) -> Int { found.count { $0.outcome.name == outcome } }

    /// A line of all that is not right.
    private func line(_ verification: LocalStore.Verification) -> String? {
        let paths = verification.layer.key.paths
        let rest = paths.count > 1 ? " and \(paths.count - 1) more" : ""
        let head = "\(verification.outcome.name.padded(to: 6))  \(verification.layer.key.short)  \(paths.first ?? "")"
        let detail: String
        switch verification.outcome {
        case .right: return nil
        case .absent: detail = ""
        case .wrong(let actual): detail = ": expected \(words(verification.layer.measure)), got \(words(actual))"
        case .failed: detail = verification.outcome.error.map { ": \($0)" } ?? ""
        }
        return head + rest + detail + "\n"
    }

    private func words(_ measure: LayerMeasure) -> String { "\(measure.diffID) (\(measure.size) bytes)" }
}

extension LocalStore.Verification.Outcome {
    /// The name in the report.
    fileprivate var name: String {
        switch self {
        case .right: "right"
        case .wrong: "wrong"
        case .absent: "absent"
        case .failed: "failed"
        }
    }

    fileprivate var actual: LayerMeasure? {
        guard case .wrong(let actual) = self else { return nil }
        return actual
    }

    fileprivate var error: String? {
        guard case .failed(let error) = self else { return nil }
        return "\(error)"
    }
}
