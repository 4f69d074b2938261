// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser

/// The command `drydock` and its subcommands.
public struct DrydockCommand: AsyncParsableCommand, Sendable {
    /// Name, help text and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "drydock",
        abstract: "Build container images without Docker, without a virtual machine and without root.",
        discussion: """
            Everything is described by a spec, a YAML or JSON file; docs/spec.md lists its keys.

            Exit codes: 0 success; 1 the work failed; 64 wrong arguments; 65 the spec has mistakes; 130 and 143 \
            interrupted by SIGINT and SIGTERM.
            """,
        version: DrydockVersion.current,
        subcommands: [
            BuildCommand.self,
            PlanCommand.self,
            StreamCommand.self,
            RunCommand.self,
            CopyCommand.self,
            MergeCommand.self,
            IndexCommand.self,
            PullCommand.self,
            PrefetchCommand.self,
            LoginCommand.self,
            LogoutCommand.self,
            InspectCommand.self,
            TagsCommand.self,
            DiffCommand.self,
            ExportCommand.self,
            ValidateCommand.self,
            CacheCommand.self,
            DoctorCommand.self,
            LayerCommand.self,
        ]
    )

    /// A command line without arguments.
    public init() {}
}

/// The version of this program.
public enum DrydockVersion: Sendable {
    /// By [Semantic Versioning](https://semver.org/spec/v2.0.0.html).
    public static let current = "0.1.0"
}
