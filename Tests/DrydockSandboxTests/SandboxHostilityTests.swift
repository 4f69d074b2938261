// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockSandbox
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Scripts that try to get out, to stay, or to take everything.
@Suite(.requiresRoot, .requires("busybox"))
struct SandboxHostilityTests {
    private static let modes = [SandboxMode.root, .single]

    @Test(arguments: modes)
    func `a script has no network, no terminal and no open files`(_ mode: SandboxMode) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run("ip link | /bin/busybox grep -c mtu; ls /proc/self/fd; id -u; umask", mode: mode)
        }
        // The last one is the directory itself, which ls has open.
        #expect(outcome.output == "1\n0\n1\n2\n3\n0\n0022\n")
    }

    @Test(arguments: modes)
    func `mounts, namespaces and kernel settings are refused`(_ mode: SandboxMode) async throws {
        let script = """
            mount -t tmpfs tmpfs /data && echo mounted
            /bin/busybox umount /proc && echo unmounted
            /bin/busybox unshare -m true && echo separated
            echo x >/proc/sys/kernel/hostname && echo named
            echo x >/proc/sysrq-trigger && echo pressed
            echo x >/sys/kernel/uevent_helper && echo helped
            /bin/busybox chroot /proc/1/root true && echo entered
            cat /proc/1/environ >/dev/null && echo read
            ls /proc/1/fd/ -l >/dev/null 2>&1; cat /proc/1/maps >/dev/null && echo mapped
            true
            """
        let outcome = try await SampleRoot.with { try await $0.run("(\(script)) 2>/dev/null", mode: mode) }
        #expect(outcome.output == "")
        #expect(outcome.run.ending.isSuccess)
        #expect(outcome.lines == [])
    }

    @Test(arguments: modes)
    func `links and dots lead nowhere outside`(_ mode: SandboxMode) async throws {
        try await SampleRoot.with { root in
            let marker = "\(root.temporaryDirectory)-escaped"
            let script = """
                ln -s \(marker) /data/link
                echo x >/data/link
                cd /; cd ../../../..; echo x >..\(marker)
                for fd in /proc/self/fd/*; do echo x >$fd/..\(marker); done
                echo done
                """
            let outcome = try await root.run("(\(script)) 2>/dev/null", mode: mode)
            #expect(outcome.output.hasSuffix("done\n"))
            #expect(!FileManager.default.fileExists(atPath: marker))
        }
    }

    @Test(arguments: modes)
    func `a device that a script made cannot be read`(_ mode: SandboxMode) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run("mknod /zero c 1 5; dd if=/zero of=/read bs=64 count=1; cat /read", mode: mode)
        }
        #expect(!outcome.output.contains("\0"))
        #expect(!outcome.output.contains("1+0 records in"))
    }

    @Test(arguments: modes)
    func `processes in the background end with the script`(_ mode: SandboxMode) async throws {
        try await SampleRoot.with { root in
            // A number that no other run's processes have, at the same time.
            let sleep = "sleep \(mode == .root ? 98_765 : 98_766)"
            let outcome = try await root.run("(trap '' HUP TERM; \(sleep) & \(sleep)) & echo gone", mode: mode)
            #expect(outcome.output == "gone\n")
            #expect(try await Command.run(["pgrep", "-f", sleep]).status == 1)
        }
    }

    @Test(arguments: modes)
    func `killing everything ends the script alone`(_ mode: SandboxMode) async throws {
        let outcome = try await SampleRoot.with { try await $0.run("kill -9 1; kill -9 -1; exit 3", mode: mode) }
        #expect(outcome.run.ending.status == .exited(3))
    }

    @Test(arguments: modes)
    func `one file cannot be larger than the disk limit`(_ mode: SandboxMode) async throws {
        let limits = SandboxLimits(seconds: 100, diskBytes: 4 << 20)
        try await SampleRoot.with { root in
            let script = "dd if=/dev/zero of=/big bs=1M count=9 2>/dev/null"
            let outcome = try await root.run(script, mode: mode, limits: limits)
            let directory = try #require(outcome.run.changes?.directory)
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/big")
            #expect(attributes[.size] as? Int == 4 << 20)
        }
    }

    @Test(arguments: modes)
    func `many files cannot be larger than the disk limit`(_ mode: SandboxMode) async throws {
        let script = "i=0; while true; do dd if=/dev/zero of=/f$i bs=64k count=16 2>/dev/null; i=$((i+1)); done"
        let limits = SandboxLimits(seconds: 100, diskBytes: 32 << 20)
        let outcome = try await SampleRoot.with { try await $0.run(script, mode: mode, limits: limits) }
        #expect(outcome.run.ending.limit == .disk)
        #expect(outcome.run.ending.status == .signalled(9))
    }

    @Test(arguments: modes)
    func `a script that takes too long is ended`(_ mode: SandboxMode) async throws {
        let limits = SandboxLimits(seconds: 1)
        let outcome = try await SampleRoot.with { root in
            try await root.run("trap '' TERM; while true; do :; done", mode: mode, limits: limits)
        }
        #expect(outcome.run.ending.limit == .time)
    }

    @Test(.enabled("needs a control group for memory") { mayLimitMemory() }, arguments: modes)
    func `a script that takes too much memory is ended`(_ mode: SandboxMode) async throws {
        let limits = SandboxLimits(seconds: 100, memoryBytes: 96 << 20)
        let outcome = try await SampleRoot.with { root in
            // A line without end, which the shell holds in memory.
            let script = "x=$(/bin/busybox dd if=/dev/zero bs=1M count=300 2>/dev/null | /bin/busybox tr '\\0' y)"
            return try await root.run(script, mode: mode, limits: limits)
        }
        #expect(outcome.run.ending.limit == .memory)
        let small = try await SampleRoot.with { try await $0.run("echo small", mode: mode, limits: limits) }
        #expect(small.run.ending.isSuccess)
    }

    /// Whether this machine lets control groups be made, which it says by making one.
    private static func mayLimitMemory() -> Bool {
        let places = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
        return places.contains { place in
            let path = "\(place)/drydock-test-\(UInt32.random(in: 0...UInt32.max))"
            defer { _ = unsafe rmdir(path) }
            guard unsafe mkdir(path, 0o755) == 0 else { return false }
            return ["memory.max", "memory.limit_in_bytes"].contains { unsafe access("\(path)/\($0)", W_OK) == 0 }
        }
    }

    @Test(arguments: modes)
    func `a fork bomb is contained`(_ mode: SandboxMode) async throws {
        let outcome = try await SampleRoot.with { root in
            try await root.run(
                // The shell starts one process before there are many, and the last program takes its own place.
                "(b() { b | b & }; b) 2>/dev/null & exec sleep 2",
                mode: mode,
                limits: SandboxLimits(seconds: 20, processes: 300)
            )
        }
        // Whether the kernel refused further processes, or they were counted and the script was ended.
        #expect(outcome.run.ending.status == .exited(0) || outcome.run.ending.limit != nil)
    }

    @Test
    func `a sandbox that is ended from another thread leaves nothing`() async throws {
        try await SampleRoot.with { root in
            let control = SandboxControl()
            let sandbox = try Sandbox(
                abilities: SandboxAbilities(isRoot: true),
                temporaryDirectory: root.temporaryDirectory
            )
            let program = SandboxProgram(
                paths: ["/bin/sh"],
                arguments: ["sh", "-c", "echo up; sleep 97531"],
                environment: ["PATH=/bin"]
            )
            let lower = SandboxRoot(lower: [root.path])
            await #expect(throws: SandboxFailure(.ended)) {
                try await BlockingPool.withPool(width: 1) { _ in
                    _ = try sandbox.run(program, on: lower, control: control) { _ in control.end() }
                }
            }
            #expect(try await Command.run(["pgrep", "-f", "sleep 97531"]).status == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: root.temporaryDirectory) == [])
        }
    }
}
