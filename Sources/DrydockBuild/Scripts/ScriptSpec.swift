// SPDX-License-Identifier: Apache-2.0

/// The scripts of a spec, by dockerTools' names; each one a text for a shell.
public struct ScriptSpec: Hashable, Sendable {
    /// Runs as root in the image's whole root file system.
    public var runAsRoot: String?
    /// Runs in the directory of the last layer, with the programs of this host.
    public var extraCommands: String?
    /// Runs after it, as root: what it says of owners is kept.
    public var fakeRootCommands: String?
    /// Whether ``fakeRootCommands`` runs in the image's root file system, so that absolute paths work.
    public var enableFakechroot = false

    /// No scripts.
    public init() {}

    /// Whether there is none.
    public var isEmpty: Bool { runs.isEmpty }

    /// One script that runs.
    struct Run: Hashable {
        /// The spec's key.
        let name: String
        let text: String
        /// Whether the image's root file system is the script's.
        let isInside: Bool
    }

    /// The scripts in the order in which they run: dockerTools' in images that have several of them.
    var runs: [Run] {
        [
            runAsRoot.map { Run(name: "runAsRoot", text: $0, isInside: true) },
            extraCommands.map { Run(name: "extraCommands", text: $0, isInside: false) },
            fakeRootCommands.map { Run(name: "fakeRootCommands", text: $0, isInside: enableFakechroot) },
        ].compactMap(\.self)
    }
}

extension ScriptSpec {
    /// Reads the keys of scripts.
    static func read(_ map: SpecMap) -> ScriptSpec {
        var scripts = ScriptSpec()
        scripts.runAsRoot = map["runAsRoot"]?.string()?.nonempty
        scripts.extraCommands = map["extraCommands"]?.string()?.nonempty
        scripts.fakeRootCommands = map["fakeRootCommands"]?.string()?.nonempty
        scripts.enableFakechroot = map["enableFakechroot"]?.bool() ?? false
        return scripts
    }
}

extension String {
    /// The text, or nil if it is empty: dockerTools' default for scripts.
    fileprivate var nonempty: String? { isEmpty ? nil : self }
}
