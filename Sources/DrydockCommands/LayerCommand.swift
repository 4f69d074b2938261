// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// `drydock layer`: what is particular to an image, as a tar of its own.
struct LayerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layer",
        abstract: "Write the layer with what is particular to an image as a tar.",
        discussion: """
            The tar has what the last layer of the image would have: links to packages, 'copyToRoot' and 'files', but no \
            store paths. Unpacked, it is the tree that a script can work on; as an item of 'copyToRoot' it becomes the \
            layer of another spec.

            Example:
              drydock layer app.yaml -o layer.tar
            """
    )

    @OptionGroup var spec: SpecOptions

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("The file, or '-' for standard output.", valueName: "file"),
        completion: .file()
    )
    var output: String

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    @Flag(help: "Print digest and size as one JSON object on standard output.")
    var json = false

    func run() async throws {
        if output == "-", json { throw OptionConflict.jsonOnStandardOutput }
        let spec = try spec.load()
        let access = try registry.access(for: spec.baseRegistry)
        let build = ImageBuild(
            spec: spec,
            environment: try store.environment(access, fetchesImages: spec.baseRegistry != nil)
        )
        let measure = try await build.writeOwnLayer(to: output)
        guard json else { return }
        try Output.json(
            .object([
                "diffID": measure.diffID.json,
                "size": .integer(measure.size),
            ])
        )
    }
}
