// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockCompression
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// `drydock plan`: what `build` would do, from the same code, stopped before any content is read.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what build would do: the layers, their sizes and what goes into each.",
        discussion: """
            Reads metadata; only a compressed archive is decompressed, into a temporary file, and a base image of a \
            registry is fetched into the cache. No image is written.

            With --to, the registry is asked which layers it has, and nothing is sent. A layer whose compressed form is not \
            known yet counts as large as its tar.
            """
    )

    @OptionGroup var spec: SpecOptions

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Say what a push there would send: docker://REF.", valueName: "dest")
    )
    var destination: String?

    @Option(help: "Compression of the layers that would be pushed (default: the spec's 'compressor', else gzip).")
    var compress: CompressionFormat?

    @Flag(help: "Print the plan as one JSON object on standard output.")
    var json = false

    func validate() throws {
        if compress != nil, destination == nil { throw ValidationError("'--compress' goes with '--to'") }
    }

    func run() async throws {
        let spec = try spec.load()
        let target = try destination.map { text in
            guard let reference = try RemoteImage.reference(in: text) else { throw OptionConflict.planToFile(text) }
            return try reference.named(by: spec)
        }
        let access = try registry.access(for: target?.registry ?? spec.baseRegistry)
        let build = ImageBuild(
            spec: spec,
            environment: try store.environment(access, fetchesImages: spec.baseRegistry != nil)
        )
        let plan = try await store.referencesGraph == nil || target != nil ? build.plan() : build.outline()
        try Output.notes(plan.notes)
        try Output.warnings(plan.warnings)
        try Output.warnings(build.environment.memory.warnings)
        var report = PlanReport(plan: plan, platform: plan.platform)
        if let target { report.push = try await push(build, plan, to: target, access) }
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
    }
}

extension PlanCommand {
    private func push(
        _ build: ImageBuild,
        _ plan: LayerPlan,
        to reference: ImageReference,
        _ access: RegistryAccess
    ) async throws -> PlanReport.Push {
        let local = try store.cache.workingStore()
        let wanted = compress ?? build.spec.compressor.map(CompressionFormat.init) ?? .gzip
        return try await access.withClient { client in
            var target = PushTarget(reference, client: client, store: local)
            target.compression = wanted
            return PlanReport.Push(
                estimate: try await build.estimatePush(plan, to: target),
                reference: "\(target.reference)"
            )
        }
    }
}

/// What `plan` prints.
struct PlanReport {
    /// What a push would send.
    struct Push {
        let estimate: PushEstimate
        let reference: String
    }

    let plan: LayerPlan
    let platform: Platform
    /// nil if nobody asked for it.
    var push: Push?

    /// The number of paths of a layer that are listed for people.
    private static let listedPaths = 12

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "platform": platform.json,
            "size": .integer(plan.size),
            "layers": .array(plan.layers.map(layer)),
            "notes": .array(plan.notes.map { .string($0) }),
            "warnings": .array(plan.warnings.map { .string($0) }),
        ]
        if let push { members["push"] = push.json }
        return .object(members)
    }

    private func layer(_ layer: LayerPlan.Layer) -> JSONValue {
        .object([
            "kind": .string(layer.kind.rawValue),
            "paths": .array(layer.paths.map { .string($0) }),
            "size": .integer(layer.size),
            "storePaths": .array(layer.storePaths.map { .string($0) }),
            "reason": layer.reason.map { .string($0) } ?? .null,
            // Known only when the content has been read, now or at an earlier time.
            "diffID": layer.content.diffID?.json ?? .null,
            "createdBy": .string(layer.createdBy),
        ])
    }

    var text: String {
        let count = plan.layers.count == 1 ? "1 layer" : "\(plan.layers.count) layers"
        var lines = ["\(platform), \(count), \(ByteSize(plan.size))"]
        for (number, layer) in plan.layers.enumerated() {
            lines.append("")
            lines.append(
                "layer \(number + 1)  \(ByteSize(layer.size))  \(layer.kind.rawValue)  "
                    + (layer.reason ?? layer.createdBy.shortened) + (layer.content.diffID == nil ? "" : "  (known)")
            )
            if let push { lines.append("  " + push.line(number)) }
            lines += layer.paths.prefix(Self.listedPaths).map { "  " + $0 }
            let rest = layer.paths.count - Self.listedPaths
            if rest > 0 { lines.append("  and \(rest) more (--json lists all)") }
        }
        if let push { lines += ["", push.summary] }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension PlanReport.Push {
    var json: JSONValue {
        .object([
            "reference": .string(reference),
            "bytesToSend": .integer(estimate.bytesToSend),
            "isExact": .bool(estimate.isExact),
            "layers": .array(estimate.layers.map(json)),
        ])
    }

    private func json(_ layer: PushEstimate.Layer) -> JSONValue {
        let repository = layer.outcome.repository
        return .object([
            "outcome": .string(layer.outcome.name),
            "mountFrom": repository.map { .string($0) } ?? .null,
            "digest": layer.digest?.json ?? .null,
            "size": .integer(layer.size),
        ])
    }

    /// For example: `to send: at most 12.0 MB`.
    func line(_ number: Int) -> String {
        let layer = estimate.layers[number]
        let size = (layer.isExact ? "" : "at most ") + "\(ByteSize(layer.size))"
        return switch layer.outcome {
        case .present: "present there: \(size)"
        case .mountable(let repository): "mountable from \(repository): \(size)"
        case .sent: "to send: \(size)"
        }
    }

    /// For example: `docker.io/library/a:x: 3 layers present, 0 mountable, 1 to send, at most 12.0 MB`.
    var summary: String {
        func count(_ name: String) -> Int { estimate.layers.filter { $0.outcome.name == name }.count }
        let present = count("present")
        let bytes = ByteSize(estimate.bytesToSend).description
        let size = estimate.isExact ? bytes : "at most " + bytes
        return "\(reference): \(present) layer\(present == 1 ? "" : "s") present, \(count("mountable")) mountable, "
            + "\(count("send")) to send, \(size)"
    }
}

extension PushEstimate.Outcome {
    /// The name in reports.
    fileprivate var name: String {
        switch self {
        case .present: "present"
        case .mountable: "mountable"
        case .sent: "send"
        }
    }

    fileprivate var repository: String? {
        guard case .mountable(let repository) = self else { return nil }
        return repository
    }
}
