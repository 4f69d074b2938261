// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockOCI
import DrydockSandbox
import Testing

/// What is run of an image, and as whom.
@Suite
struct ImageRunTests {
    private static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        jane:x:1000:100:Jane:/home/jane:/bin/sh
        broken
        """
    private static let group = """
        root:x:0:
        users:x:100:
        wheel:x:10:root,jane
        """

    private static var configuration: ContainerConfiguration {
        var configuration = ContainerConfiguration()
        configuration.entrypoint = ["/bin/tool"]
        configuration.cmd = ["serve"]
        configuration.env = ["A=image", "B=image"]
        configuration.workingDir = "/srv"
        configuration.user = "jane"
        return configuration
    }

    @Test
    func `an image runs as its configuration says`() throws {
        let program = try ImageRun().program(Self.configuration, passwd: Self.passwd, group: Self.group)
        #expect(program.arguments == ["/bin/tool", "serve"])
        #expect(program.paths == ["/bin/tool"])
        #expect(program.directory == "/srv")
        #expect(program.user == SandboxUser(uid: 1_000, gid: 100, groups: [10]))
        #expect(
            program.environment == [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=drydock",
                "HOME=/home/jane", "A=image", "B=image",
            ]
        )
        #expect(program.network == .none)
    }

    @Test
    func `what is asked for counts more than the image`() throws {
        var run = ImageRun()
        run.command = ["one", "two"]
        run.variables = ["PATH=/a:/b", "B=mine"]
        run.user = "7:users"
        run.workingDirectory = "/here"
        let first = try run.program(Self.configuration, passwd: Self.passwd, group: Self.group)
        #expect(first.arguments == ["/bin/tool", "one", "two"])
        #expect(first.user == SandboxUser(uid: 7, gid: 100))
        #expect(first.directory == "/here")
        #expect(first.environment == ["PATH=/a:/b", "HOSTNAME=drydock", "HOME=/", "A=image", "B=mine"])
        run.entrypoint = "other"
        run.command = []
        let second = try run.program(Self.configuration, passwd: Self.passwd, group: Self.group)
        #expect(second.arguments == ["other"])
        #expect(second.paths == ["/a/other", "/b/other"])
    }

    @Test(arguments: [
        ("", 0, 0, [10]), ("0", 0, 0, [10]), ("1000", 1_000, 100, [10]), ("5", 5, 0, []), ("jane:wheel", 1_000, 10, []),
        ("jane:3", 1_000, 3, []), ("1000:", 1_000, 100, [10]),
    ])
    func `users are found by names and numbers`(text: String, uid: UInt32, gid: UInt32, groups: [UInt32]) throws {
        let found = try ImageUser(text, passwd: Self.passwd, group: Self.group)
        #expect(found.user == SandboxUser(uid: uid, gid: gid, groups: groups))
    }

    @Test
    func `what cannot be run is told`() {
        #expect(throws: ImageRunFailure.unknownUser("joe")) { try ImageUser("joe", passwd: Self.passwd, group: "") }
        #expect(throws: ImageRunFailure.unknownGroup("joe")) {
            try ImageUser("jane:joe", passwd: Self.passwd, group: "")
        }
        #expect(throws: ImageRunFailure.noCommand) { try ImageRun().program(ContainerConfiguration()) }
        #expect(
            ImageRunFailure.unknownUser("joe").description
                == "Cannot run as 'joe': the image's /etc/passwd has no such user"
        )
        #expect(
            ImageRunFailure.unknownGroup("joe").description
                == "Cannot run with the group 'joe': the image's /etc/group has no such group"
        )
        #expect(
            ImageRunFailure.noCommand.description
                == "Cannot run the image: it has neither Entrypoint nor Cmd\nhint: write a command behind '--'"
        )
        #expect(
            ImageRunFailure.tooManyVolumes(limit: 29).description
                == "Cannot run the image: more than 29 volumes are asked for"
        )
    }
}
