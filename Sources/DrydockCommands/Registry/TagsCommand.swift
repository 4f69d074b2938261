// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockJSON
import DrydockOCI
import DrydockRegistry

/// `drydock tags`: the tags of a repository.
struct TagsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tags",
        abstract: "List the tags of a repository in a registry.",
        discussion: """
            REPO is the name of an image as Docker has it, without tag and digest: redis, host:5000/a/b. docker://REPO \
            means the same. The tags are those of the registry itself, never of a mirror, each on a line, in the \
            registry's order.
            """
    )

    @Argument(help: ArgumentHelp("The name of the repository.", valueName: "repo"))
    var repository: String

    @OptionGroup var registry: RegistryOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let reference = try RemoteImage.reference(in: repository) ?? RemoteImage.parse(repository)
        guard reference.tag == nil, reference.digest == nil else { throw OptionConflict.tagsOfImage(repository) }
        let tags = try await registry.withClient(for: reference.registry) { client in
            try await Self.tags(of: reference, client)
        }
        guard json else { return try Output.text(tags.map { $0 + "\n" }.joined()) }
        try Output.json(
            .object([
                "repository": .string(reference.familiarName),
                "tags": .array(tags.map { .string($0) }),
            ])
        )
    }

    private static func tags(of reference: ImageReference, _ client: RegistryClient) async throws -> [String] {
        do { return try await client.repository(of: reference).tags() } catch let failure as RegistryFailure {
            throw failure.about(reference.familiarName)
        }
    }
}
