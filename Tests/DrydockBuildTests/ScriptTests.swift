// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockSandbox
import DrydockTestSupport
import Foundation
import Synchronization
import Testing

/// Scripts of a spec, as root on this machine.
@Suite(.requiresRoot, .requires("busybox", "tar"))
struct ScriptTests {
    private static func environment(_ directory: String, mode: SandboxMode? = nil) -> BuildEnvironment {
        var environment = Pipeline.environment
        environment.temporaryDirectory = directory
        environment.scripts.abilities = SandboxAbilities(isRoot: true)
        environment.scripts.mode = mode
        return environment
    }

    /// The last layer's members as tar lists them: mode, owner, name and target.
    private static func members(
        _ directory: String,
        mode: SandboxMode? = nil,
        _ change: (inout ImageSpec) -> Void
    ) async throws -> [String] {
        var spec = try await Pipeline.spec(in: directory)
        change(&spec)
        let build = ImageBuild(spec: spec, environment: environment(directory, mode: mode))
        let plan = try await build.plan()
        let layer = try #require(plan.layers.last)
        let path = "\(directory)/layer.tar"
        try Data(Pipeline.bytes(of: layer.content.recipe())).write(to: URL(filePath: path))
        let list = try await Command.check(["tar", "--numeric-owner", "-tvf", path])
        return list.split(separator: "\n").map { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            return ([fields[0], fields[1]] + fields[5...]).joined(separator: " ")
        }
    }

    @Test
    func `each script runs at its time and in its place, as it was written`() async throws {
        try await withTemporaryDirectory { directory in
            let members = try await Self.members(directory) { spec in
                spec.scripts.runAsRoot = """
                    [ -e /usr/bin/tool ]; [ -e /etc/motd ]
                    mkdir -p /data
                    printf '%s' 'it is "quoted" ($HOME) é' >"/data/a (b)"
                    """
                spec.scripts.extraCommands = "[ -e data ]; [ ! -e usr ]; [ $(pwd) = /layer ]; mkdir extra"
                spec.scripts.fakeRootCommands = "[ -d extra ]; chown 1000:100 extra; chmod 2750 extra"
            }
            #expect(
                members == [
                    "drwxr-xr-x 0/0 data/", "-rw-r--r-- 0/0 data/a (b)", "drwxr-xr-x 0/0 etc/",
                    "-rw-r--r-- 0/0 etc/hostname", "-rw-r--r-- 0/0 etc/motd", "drwxr-s--- 1000/100 extra/",
                ]
            )
        }
    }

    @Test
    func `what a script alone makes stands above the contents, and not in the place of the last`() async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            (spec.copyToRoot, spec.files) = ([], [])
            let changes: [(inout ScriptSpec) -> Void] = [
                { $0.runAsRoot = "mkdir made" }, { $0.extraCommands = "mkdir made" },
                { $0.fakeRootCommands = "mkdir made" },
            ]
            for change in changes {
                spec.scripts = ScriptSpec()
                change(&spec.scripts)
                let plan = try await ImageBuild(spec: spec, environment: Self.environment(directory)).plan()
                var names: [String] = []
                for layer in plan.layers {
                    let path = "\(directory)/layer.tar"
                    try Data(Pipeline.bytes(of: layer.content.recipe())).write(to: URL(filePath: path))
                    names.append(try await Command.check(["tar", "-tf", path]).replacing("\n", with: " "))
                }
                #expect(
                    names == [
                        "usr/ usr/bin/ usr/bin/tool",
                        "usr/ usr/lib/ usr/lib/library usr/lib/link usr/lib/other", "made/",
                    ]
                )
                #expect(plan.layers.map { $0.createdBy.contains(";") } == [false, false, false])
            }
        }
    }

    @Test
    func `the environment is fixed, and a shell has nothing to say of it`() async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            spec.scripts.extraCommands = "env >environment; umask >>environment"
            var environment = Self.environment(directory)
            let written = Mutex<[UInt8]>([])
            environment.scripts.output = { bytes in written.withLock { $0 += bytes } }
            let plan = try await ImageBuild(spec: spec, environment: environment).plan()
            let layer = try #require(plan.layers.last)
            let path = "\(directory)/layer.tar"
            try Data(Pipeline.bytes(of: layer.content.recipe())).write(to: URL(filePath: path))
            let lines = try await Command.check(["tar", "-xOf", path, "environment"]).split(separator: "\n").sorted()
            // What the shell itself adds is not the sandbox's.
            let own = lines.filter { line in
                !["PATH=", "PWD=", "OLDPWD=", "SHLVL=", "_="].contains { line.hasPrefix($0) }
            }
            #expect(own == ["0022", "HOME=/root", "SOURCE_DATE_EPOCH=1", "TZ=UTC"])
            #expect(written.withLock { String(decoding: $0, as: UTF8.self) } == "")
        }
    }

    @Test
    func `what a script removes from other layers is hidden by the last one`() async throws {
        try await withTemporaryDirectory { directory in
            let members = try await Self.members(directory) { spec in
                spec.scripts.runAsRoot =
                    "rm /usr/bin/tool /etc/motd; rm -r /usr/lib; mkdir /usr/lib; touch /usr/lib/new"
            }
            #expect(
                members == [
                    "drwxr-xr-x 0/0 etc/", "-rw-r--r-- 0/0 etc/hostname", "drwxr-xr-x 0/0 usr/",
                    "drwxr-xr-x 0/0 usr/bin/", "-rw-r--r-- 0/0 usr/bin/.wh..wh..opq", "drwxr-xr-x 0/0 usr/lib/",
                    "-rw-r--r-- 0/0 usr/lib/.wh..wh..opq", "-rw-r--r-- 0/0 usr/lib/new",
                ]
            )
        }
    }

    @Test
    func `in the image's root absolute paths work for fakeRootCommands`() async throws {
        try await withTemporaryDirectory { directory in
            let members = try await Self.members(directory) { spec in
                spec.copyToRoot = []
                spec.files = []
                spec.scripts.fakeRootCommands = "ln /usr/lib/library /usr/lib/third; chown 7 /usr/lib/library"
                spec.scripts.enableFakechroot = true
            }
            #expect(
                members == [
                    "drwxr-xr-x 0/0 usr/", "drwxr-xr-x 0/0 usr/lib/", "-rw-r--r-- 7/0 usr/lib/library",
                    "hrw-r--r-- 7/0 usr/lib/third link to usr/lib/library",
                ]
            )
        }
    }

    @Test
    func `another mode gives the same layer`() async throws {
        let script = "mkdir -p /srv/a; echo x >/srv/a/b; ln /srv/a/b /srv/a/c; chmod 1777 /srv; rm /usr/lib/link"
        var lists: [[String]] = []
        for mode in [SandboxMode.root, .single] {
            lists.append(
                try await withTemporaryDirectory { directory in
                    try await Self.members(directory, mode: mode) { $0.scripts.runAsRoot = script }
                }
            )
        }
        #expect(lists[0] == lists[1])
        #expect(lists[0].contains("-rw-r--r-- 0/0 usr/lib/.wh.link"))
    }

    @Test
    func `a script that fails shows its last lines and its exit status`() async throws {
        try await withTemporaryDirectory { directory in
            await #expect {
                _ = try await Self.members(directory) { $0.scripts.runAsRoot = "echo before\necho last >&2\nexit 3" }
            } throws: { error in
                "\(error)" == """
                    The script 'runAsRoot' failed with exit status 3; its last lines were:
                        before
                        last
                    """
            }
            let left = try Pipeline.names(in: directory).filter { $0.hasPrefix("drydock-") }
            #expect(left == [])
        }
    }
}
