// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockSandbox
import Foundation

/// How the scripts of a spec are run.
struct ScriptOptions: ParsableArguments {
    @OptionGroup var sandbox: SandboxOption

    @Flag(help: "Run each script twice, and fail if it does not leave the same bytes.")
    var check = false

    @Flag(help: "Keep the root file system of a script that fails, and tell where.")
    var keepFailed = false

    @Option(help: ArgumentHelp("Seconds after which a script is ended (default: never).", valueName: "seconds"))
    var scriptTime: Int?

    @Option(
        help: ArgumentHelp(
            "Memory that a script may have, such as 2GB, where control groups can be made (default: any).",
            valueName: "size"
        )
    )
    var scriptMemory: SizeLimit?

    func validate() throws {
        if let scriptTime, scriptTime < 1 { throw ValidationError("'--script-time' is at least 1 second") }
    }

    /// As ``SandboxOption/settings(_:)``, with what is wanted of scripts.
    func settings(_ variables: [String: String]) throws -> ScriptSettings {
        var settings = try sandbox.settings(variables)
        settings.isChecked = check
        settings.keepsFailed = keepFailed
        settings.limits.seconds = scriptTime
        settings.limits.memoryBytes = scriptMemory?.bytes
        return settings
    }
}

/// How scripts, and commands of images, are root.
struct SandboxOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How scripts are root: root, subordinate or single (default: the first that this user can).",
            valueName: "mode"
        )
    )
    var sandbox: SandboxChoice?

    /// What this process may do, with what scripts write on standard error.
    ///
    /// - Throws: `SandboxFailure` if the mode is not possible here.
    func settings(_ variables: [String: String]) throws -> ScriptSettings {
        var settings = ScriptSettings()
        settings.searchPath = variables["PATH"].flatMap { $0.isEmpty ? nil : $0 } ?? settings.searchPath
        settings.abilities = .present(searchPath: settings.searchPath)
        settings.mode = try sandbox.map { try settings.abilities.checked($0.mode) }
        settings.output = { bytes in
            try? Output.text(String(decoding: bytes, as: UTF8.self), toStandardError: true)
        }
        return settings
    }
}

/// A mode by its name.
enum SandboxChoice: String, ExpressibleByArgument, CaseIterable {
    case root
    case subordinate
    case single

    var mode: SandboxMode {
        switch self {
        case .root: .root
        case .subordinate: .subordinate
        case .single: .single
        }
    }
}

extension SandboxAbilities {
    /// What this process may do.
    static func present(searchPath: String) -> SandboxAbilities {
        SandboxAbilities(
            isRoot: HostCapability.administration.isRoots,
            subordinateIDs: geteuid() == 0 ? nil : .ofPresentUser(searchPath: searchPath)
        )
    }
}
