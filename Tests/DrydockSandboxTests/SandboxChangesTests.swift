// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockSandbox
import DrydockTestSupport
import Foundation
import Testing

/// What a run has changed is told in the same way by every means.
@Suite(.requiresRoot, .requires("busybox"))
struct SandboxChangesTests {
    /// A mode, and whether overlayfs puts the layers together.
    struct Means: Sendable, CustomTestStringConvertible {
        let mode: SandboxMode
        let usesOverlay: Bool

        var testDescription: String { "\(mode), \(usesOverlay ? "overlay" : "copy")" }

        static let all = [SandboxMode.root, .single].flatMap { mode in
            [true, false].map { Means(mode: mode, usesOverlay: $0) }
        }
    }

    private static let script = """
        set -e
        mkdir /new
        echo hi >/new/file
        ln /new/file /new/other
        chmod 4755 /new/file
        ln -s ../x "/new/link with spaces é"
        mkfifo -m 600 /new/pipe
        rm /data/one
        touch /etc/file
        rm -r /home/jane
        mkdir -m 755 /home/jane
        cd /home/jane
        echo q >q
        mv /etc/link /etc/moved
        """

    @Test(arguments: Means.all)
    func `new, changed and removed entries are told`(_ means: Means) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run(Self.script, mode: means.mode, usesOverlay: means.usesOverlay)
        }
        #expect(outcome.run.ending.isSuccess, "\(outcome.output)")
        #expect(
            outcome.lines == [
                "data/one gone 0 0:0",
                "etc/link gone 0 0:0",
                "etc/moved ->/outside 777 0:0",
                "home/jane directory 755 0:0",
                "home/jane/q file 644 0:0",
                "new directory 755 0:0",
                "new/file file 4755 0:0",
                "new/link with spaces é ->../x 777 0:0",
                "new/other file 4755 0:0",
                "new/pipe fifo 600 0:0",
            ]
        )
        let links = outcome.run.changes?.changes.filter { $0.path == "new/file" || $0.path == "new/other" } ?? []
        #expect(links.count == 2)
        #expect(links.first?.linkIdentity != nil)
        #expect(links.first?.linkIdentity == links.last?.linkIdentity)
    }

    @Test(arguments: [true, false])
    func `a directory of which nothing remains is opaque`(usesOverlay: Bool) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run("rm -r /data; mkdir /data; echo x >/data/x", usesOverlay: usesOverlay)
        }
        #expect(outcome.lines == ["data opaque 755 0:0", "data/x file 644 0:0"])
    }

    @Test(arguments: [true, false])
    func `what is made anew as it was is no change`(usesOverlay: Bool) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run("rm -r /data; mkdir /data; echo one >/data/one", usesOverlay: usesOverlay)
        }
        #expect(outcome.lines == ["data/two gone 0 0:0"])
    }

    @Test(arguments: Means.all)
    func `owners are set, devices are made, and owners of layers stay`(_ means: Means) async throws {
        let owners = [
            SandboxRoot.Owner(path: "home/jane", uid: 1_000, gid: 1_000, mode: 0o2700),
            SandboxRoot.Owner(path: "data/two", uid: 7, gid: 8, mode: 0o4755),
            SandboxRoot.Owner(path: "etc/file", uid: 9, gid: 9, mode: 0o640),
        ]
        let script = """
            mknod /null c 1 3; chown 5:6 /data/one; cd /home/jane; mkdir x; chown 1000:1000 x
            echo more >>/etc/file; chmod 700 /data/two; ln /data/one /data/link
            """
        let outcome = try await SampleRoot.with { root in
            try await root.run(script, mode: means.mode, usesOverlay: means.usesOverlay, owners: owners)
        }
        #expect(outcome.output == "")
        #expect(
            outcome.lines == [
                "data/link file 644 5:6", "data/one file 644 5:6", "data/two file 700 7:8", "etc/file file 640 9:9",
                "home/jane/x directory 2755 1000:1000", "null c1,3 644 0:0",
            ]
        )
        let links = outcome.run.changes?.changes.filter { $0.path == "data/link" || $0.path == "data/one" } ?? []
        #expect(links.first?.linkIdentity != nil)
        #expect(links.first?.linkIdentity == links.last?.linkIdentity)
    }

    @Test(arguments: Means.all)
    func `files of layers are known by their second names, also when many others were given away`(
        _ means: Means
    ) async throws {
        let script = """
            mkdir /many; i=0; while [ $i -lt 100 ]; do : >/many/$i; i=$((i + 1)); done; chown -R 3:4 /many
            echo more >>/data/one; chown 5:6 /data/one; ln /data/one /data/link; chown 7:8 /data/two; mv /data/two /two
            : >/set; chmod 6755 /set; chown 9:9 /set; chown 5:5 /data
            """
        let outcome = try await SampleRoot.with { root in
            try await root.run(script, mode: means.mode, usesOverlay: means.usesOverlay)
        }
        #expect(outcome.output == "")
        let kept = outcome.lines.filter { !$0.hasPrefix("many/") }
        #expect(
            kept == [
                "data directory 755 5:5", "data/link file 644 5:6", "data/one file 644 5:6", "data/two gone 0 0:0",
                "many directory 755 3:4", "set file 755 9:9", "two file 644 7:8",
            ]
        )
        #expect(outcome.lines.count == kept.count + 100)
        #expect(outcome.lines.allSatisfy { !$0.hasPrefix("many/") || $0.hasSuffix(" file 644 3:4") })
    }

    @Test(.requires("python3"), arguments: [true, false])
    func `a new file with the number of a removed one is not that one's owner's`(usesOverlay: Bool) async throws {
        let script = """
            exec python3 -c 'import os
            def make(name): os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
            for number in range(200):
                make("old"); os.chown("old", 5, 5); os.unlink("old"); make("new%d" % number)'
            """
        let outcome = try await SampleRoot.with { root in
            try await root.run(script, mode: .single, usesOverlay: usesOverlay) { program in
                program.view = .beside
                program.directory = SandboxProgram.layerPath
                program.environment = ["PATH=/usr/local/bin:/usr/bin:/bin"]
            }
        }
        #expect(outcome.run.ending.isSuccess, "\(outcome.output)")
        #expect(outcome.lines.count == 200)
        #expect(outcome.lines.allSatisfy { $0.hasSuffix(" file 644 0:0") })
    }

    @Test(.requires("setcap"), arguments: Means.all)
    func `capabilities are kept, and lost with a change of the owner`(_ means: Means) async throws {
        let bytes: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let owners = ["data/one", "data/two"].map {
            SandboxRoot.Owner(path: $0, uid: 0, gid: 0, mode: 0o644, capability: bytes)
        }
        let outcome = try await SampleRoot.with { root in
            try await root.run(
                "touch new; setcap cap_net_bind_service+ep new; chmod 600 data/one; chown 3 data/two",
                mode: means.mode,
                usesOverlay: means.usesOverlay,
                owners: owners
            ) { program in
                program.view = .beside
                program.directory = SandboxProgram.layerPath
                program.environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            }
        }
        #expect(outcome.output == "")
        #expect(
            outcome.lines == ["data/one file 600 0:0", "data/two file 644 3:0", "new file 644 0:0"]
        )
        let capability = SandboxChange.Attribute(name: "security.capability", value: bytes)
        #expect(outcome.run.changes?.changes.map(\.attributes) == [[capability], [], [capability]])
    }

    @Test
    func `the bytes of changed files can be read as long as the changes are kept`() async throws {
        try await SampleRoot.with { root in
            let outcome = try await root.run("printf 'exact bytes' >/data/one; chmod 0 /data/one", mode: .single)
            let changes = try #require(outcome.run.changes)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: changes.directory + "/data/one"))
            #expect(bytes == Data("exact bytes".utf8))
            // Nobody but root could read it otherwise.
            let attributes = try FileManager.default.attributesOfItem(atPath: changes.directory + "/data/one")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(outcome.lines == ["data/one file 0 0:0"])
        }
    }

    @Test
    func `a script beside the layer changes the layer and sees this host's programs`() async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run("pwd; touch made; touch /usr/made; /usr/bin/env true && echo programs") { program in
                program.view = .beside
                program.directory = SandboxProgram.layerPath
            }
        }
        #expect(outcome.output.contains("/layer\n"))
        #expect(outcome.output.contains("programs\n"))
        #expect(outcome.output.contains("Read-only file system"))
        #expect(outcome.lines == ["made file 644 0:0"])
    }

    @Test
    func `nothing of a run is left`() async throws {
        try await SampleRoot.with { root in
            _ = try await root.run("mkdir -p /a/b; touch /a/b/c; chmod 0 /a/b")
            let left = try FileManager.default.contentsOfDirectory(atPath: root.temporaryDirectory)
            #expect(left == [])
            let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
            #expect(!mounts.contains(root.temporaryDirectory))
        }
    }
}
