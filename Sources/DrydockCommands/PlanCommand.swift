// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
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
            """
    )

    @OptionGroup var spec: SpecOptions

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    @Flag(help: "Print the plan as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let spec = try spec.load()
        let access = try registry.access(for: spec.baseRegistry)
        let build = ImageBuild(spec: spec, environment: try store.environment(access))
        let plan = try await store.referencesGraph == nil ? build.plan() : build.outline()
        try Output.notes(plan.notes)
        try Output.warnings(plan.warnings)
        try Output.warnings(build.environment.memory.warnings)
        let report = PlanReport(plan: plan, platform: plan.platform)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
    }
}

/// What `plan` prints.
struct PlanReport {
    let plan: LayerPlan
    let platform: Platform

    /// The number of paths of a layer that are listed for people.
    private static let listedPaths = 12

    var json: JSONValue {
        .object([
            "platform": platform.json,
            "size": .integer(plan.size),
            "layers": .array(plan.layers.map(layer)),
        ])
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
            lines += layer.paths.prefix(Self.listedPaths).map { "  " + $0 }
            let rest = layer.paths.count - Self.listedPaths
            if rest > 0 { lines.append("  and \(rest) more (--json lists all)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
