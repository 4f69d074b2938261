// SPDX-License-Identifier: Apache-2.0

import DrydockSandbox
import DrydockTestSupport
import Testing

@Suite
struct SandboxFailureTests {
    @Test
    func `the mode follows from what the user has`() throws {
        #expect(SandboxAbilities(isRoot: true).mode == .root)
        #expect(SandboxAbilities(isRoot: false).mode == .single)
        #expect(try SandboxAbilities(isRoot: true).checked(.single) == .single)
    }

    @Test
    func `a mode that is not possible is refused with the reason`() {
        #expect(throws: SandboxFailure(.notRoot)) { try SandboxAbilities(isRoot: false).checked(.root) }
        #expect(throws: SandboxFailure(.noSubordinateIDs)) {
            try SandboxAbilities(isRoot: false).checked(.subordinate)
        }
    }

    @Test
    func `failures say what to do`() {
        #expect(
            SandboxFailure(.notRoot).description == """
                Cannot use the sandbox mode 'root': drydock does not run as root, or without CAP_SYS_ADMIN
                hint: leave '--sandbox' out to use what this user has
                """
        )
        #expect(
            SandboxFailure(.setUp(what: "mount '/dev'", errorNumber: 1)).description == """
                Cannot mount '/dev' in the sandbox: operation not permitted (EPERM)
                hint: in a container, run it with '--security-opt seccomp=unconfined --security-opt apparmor=unconfined'
                """
        )
        #expect(
            SandboxFailure(.notExecutable(program: "/bin/no", errorNumber: 2)).description
                == "Cannot start '/bin/no' in the sandbox: no such file or directory (ENOENT)"
        )
    }

    @Test(.requiresRoot, .requires("busybox"))
    func `a program that is not there cannot be started`() async throws {
        try await SampleRoot.with { root in
            await #expect(throws: SandboxFailure(.notExecutable(program: "sh", errorNumber: 2))) {
                _ = try await root.run("true") { $0.paths = ["/no/such"] }
            }
        }
    }
}
