// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockOCI
import DrydockPackages
import DrydockSandbox
import Glibc

/// The program that runs a script: a shell of the image, or one of this host that is put beside it.
struct ScriptShell {
    /// How the program is started, before the script's own path; it stops at the first command that fails.
    let arguments: [String]
    /// Files of this host that it needs, in the sandbox's scaffolding.
    var binds: [SandboxProgram.Bind] = []
    /// Names under which they can be called, behind the programs of the image.
    var names: [String: [String]] = [:]

    /// The shell for a script beside the layer: this host's.
    static func ofHost(searchPath: String) -> ScriptShell? {
        let directories = directories(searchPath)
        for name in ["bash", "sh"] {
            let paths = directories.map { "\($0)/\(name)" }
            if let path = paths.first(where: { unsafe access($0, X_OK) == 0 }) {
                return ScriptShell(arguments: [path, "-e"])
            }
        }
        return nil
    }

    /// The shell for a script in a root file system: its own, else a BusyBox of this host that needs no library.
    static func inside(_ entries: Set<ByteString>, environment: BuildEnvironment) -> ScriptShell? {
        let places = ["bin/bash", "usr/bin/bash", "bin/sh", "usr/bin/sh"]
        let own = places.first { entries.contains(ByteString($0)) }.map { ScriptShell(arguments: ["/\($0)", "-e"]) }
        guard let program = staticBusyBox(environment) else { return own }
        // Also where the image has a shell: it may lack mkdir and chown.
        var shell = own ?? ScriptShell(arguments: ["\(SandboxProgram.scaffoldPath)/busybox", "sh", "-e"])
        shell.binds = [SandboxProgram.Bind(source: program, path: "busybox", isReadOnly: true)]
        shell.names = ["busybox": busyBoxNames]
        return shell
    }

    /// Where programs of this host are looked for.
    private static func directories(_ searchPath: String) -> [String] {
        searchPath.split(separator: ":").map(String.init) + ["/bin", "/usr/bin"]
    }

    private static func staticBusyBox(_ environment: BuildEnvironment) -> String? {
        let directories = directories(environment.scripts.searchPath)
        let platform = environment.platform
        guard let machine = try? Machine(architecture: platform.architecture, variant: platform.variant) else {
            return nil
        }
        return directories.map { "\($0)/busybox" }.first { path in
            let requested = RequestedExecutable(path: ByteString(path))
            // A program without any library has no file beside itself.
            guard let closure = try? ExecutableResolver(machine: machine).closure(of: [requested], opening: []) else {
                return false
            }
            return closure.files.filter { $0.path != ByteString(path) }.isEmpty
        }
    }

    /// What scripts of images call most.
    private static let busyBoxNames = [
        "[", "awk", "basename", "cat", "chgrp", "chmod", "chown", "cp", "cut", "date", "dd", "dirname", "echo", "egrep",
        "env", "expr", "false", "find", "grep", "gunzip", "gzip", "head", "id", "install", "ln", "ls", "mkdir",
        "mkfifo", "mknod", "mktemp", "mv", "od", "printf", "pwd", "readlink", "realpath", "rm", "rmdir", "sed", "seq",
        "sh", "sha256sum", "sleep", "sort", "stat", "tail", "tar", "tee", "test", "touch", "tr", "true", "truncate",
        "uname", "uniq", "unlink", "wc", "xargs",
    ]
}
