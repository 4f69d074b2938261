// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Testing

@Suite struct ScriptTests {
    private let host: SyntheticHost

    init() throws {
        host = try SyntheticHost()
        let program = ELFBuilder(isDynamic: false).build()
        for path in ["/usr/bin/env", "/usr/bin/sh", "/usr/bin/python3", "/usr/local/bin/tool", "/opt/bin/tool"] {
            try host.write(path, program)
        }
        try host.link("/bin", to: "usr/bin")
    }

    struct Line: CustomTestStringConvertible {
        let line: String
        /// The files besides the script.
        let expected: [String]
        var testDescription: String { line }

        init(_ line: String, _ expected: String...) {
            self.line = line
            self.expected = expected
        }

        static let all = [
            Line("#!/bin/sh\n", "/usr/bin/sh"),
            Line("#! \t/bin/sh \t\n", "/usr/bin/sh"),
            Line("#!/bin/sh", "/usr/bin/sh"),
            Line("#!/bin/sh -e -x\n", "/usr/bin/sh"),
            Line("#!/bin/sh \(String(repeating: "x", count: 400))\n", "/usr/bin/sh"),
            Line("#!/usr/bin/env python3\n", "/usr/bin/env", "/usr/bin/python3"),
            Line("#!/bin/env tool\n", "/usr/bin/env", "/usr/local/bin/tool"),
            Line("#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", "/usr/bin/python3"),
            Line("#!/usr/bin/env -Spython3\n", "/usr/bin/env", "/usr/bin/python3"),
            Line("#!/usr/bin/env -vS -i A=b -u C 'python3' x\n", "/usr/bin/env", "/usr/bin/python3"),
            Line("#!/usr/bin/env --split-string=\"py\\thon3\"\n", "/usr/bin/env", "/usr/bin/python3"),
            Line("#!/usr/bin/env -S PATH=/none:/opt/bin tool\n", "/opt/bin/tool", "/usr/bin/env"),
            Line("#!/usr/bin/env /opt/bin/tool\n", "/opt/bin/tool", "/usr/bin/env"),
            Line("#!/usr/bin/env -i\n", "/usr/bin/env"),
            Line("#!/usr/bin/env\n", "/usr/bin/env"),
        ]
    }

    @Test(arguments: Line.all) func `a script brings what its first line names`(line: Line) throws {
        try host.write("/x", line.line)
        #expect(try host.closure(of: "/x").paths == line.expected + ["/x"])
    }

    @Test func `the reasons and links of a script are told`() throws {
        try host.write("/x", "#!/bin/env python3\n")
        let closure = try host.closure(of: "/x")
        #expect(
            closure.files.map { "\($0.path): \($0.reason)" } == [
                "/usr/bin/env: interpreter of '/x'", "/usr/bin/python3: command of '/x'", "/x: requested",
            ]
        )
        #expect(closure.arrows == ["/bin -> usr/bin"])
    }

    @Test func `the interpreter brings its libraries`() throws {
        try host.write("/usr/bin/dynamic", ELFBuilder.program(needs: ["liba.so"]).build())
        try host.write("/lib64/ld-linux-x86-64.so.2", ELFBuilder.library("ld-linux-x86-64.so.2").build())
        try host.write("/lib64/liba.so", ELFBuilder.library("liba.so").build())
        try host.write("/x", "#!/usr/bin/env dynamic\n")
        #expect(
            try host.closure(of: "/x").paths == [
                "/lib64/ld-linux-x86-64.so.2", "/lib64/liba.so", "/usr/bin/dynamic", "/usr/bin/env", "/x",
            ]
        )
    }

    @Test func `a command that may not be executed is passed over`() throws {
        try host.write("/usr/local/bin/sh", Array("text".utf8), mode: 0o644)
        try host.directory("/usr/local/sbin/sh")
        try host.write("/x", "#!/usr/bin/env sh\n")
        #expect(try host.closure(of: "/x").paths == ["/usr/bin/env", "/usr/bin/sh", "/x"])
    }

    @Test func `four scripts may interpret each other and five may not`() throws {
        try host.write("/1", "#!/bin/sh\n")
        for index in 2...5 { try host.write("/\(index)", "#!/\(index - 1)\n") }
        #expect(try host.closure(of: "/4").paths == ["/1", "/2", "/3", "/4", "/usr/bin/sh"])
        #expect(throws: ExecutableFailure(.tooManyInterpreters, path: "/1")) { try host.closure(of: "/5") }
    }

    struct Fault: CustomTestStringConvertible {
        let line: String
        let failure: ExecutableFailure
        let text: String
        var testDescription: String { text }

        init(_ line: String, _ reason: ExecutableFailure.Reason, _ text: String, path: ByteString = "/x") {
            self.line = line
            failure = ExecutableFailure(reason, path: path)
            self.text = text
        }

        private static let nowhere = "/usr/local/sbin, /usr/local/bin, /usr/sbin, /usr/bin, /sbin, /bin"
        private static let path = EnvironmentSearch.path

        static let all = [
            Fault("#!\n", .malformedScript, "Cannot start '/x': its first line names no interpreter"),
            Fault("#! \t\n", .malformedScript, "Cannot start '/x': its first line names no interpreter"),
            Fault(
                "#!/\(String(repeating: "n", count: 300))\n",
                .malformedScript,
                "Cannot start '/x': its first line names no interpreter"
            ),
            Fault(
                "#!/none\n",
                .interpreter(PathFailure(.missing, path: "/none")),
                "Cannot start '/x': cannot find '/none': there is no such file"
            ),
            Fault(
                "#!/bin/sh\r\n",
                .interpreter(PathFailure(.missing, path: "/bin/sh\r")),
                """
                Cannot start '/x': cannot find '/bin/sh\\x0d': there is no such file
                hint: end the lines of the script with LF instead of CR LF
                """
            ),
            Fault(
                "#!bin/sh\n",
                .interpreter(PathFailure(.relative, path: "bin/sh")),
                "Cannot start '/x': cannot find 'bin/sh': the path depends on the working directory"
            ),
            Fault("#!/x\n", .interpretsItself, "Cannot start '/x': the script is its own interpreter"),
            Fault(
                "#!/usr/bin/env /y\n",
                .interpretsItself,
                "Cannot start '/x': the script is its own interpreter"
            ),
            Fault(
                "#!/usr/bin/env node\n",
                .commandNotFound("node", searched: path),
                """
                Cannot start '/x': env does not find 'node' in \(nowhere)
                hint: write the path of the interpreter into the first line
                """
            ),
            Fault(
                "#!/usr/bin/env python3 -u\n",
                .commandNotFound("python3 -u", searched: path),
                """
                Cannot start '/x': env does not find 'python3 -u' in \(nowhere)
                hint: write 'env -S' to give the command arguments
                """
            ),
            Fault(
                "#!/usr/bin/env -S ${HOME}/x\n",
                .usesEnvironment,
                """
                Cannot start '/x': its first line uses a variable of the environment
                hint: write the path of the interpreter into the first line
                """
            ),
        ]
    }

    /// Where `env` looks for commands, as the documentation promises.
    enum EnvironmentSearch {
        static let path: [ByteString] = [
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
        ]
    }

    @Test(arguments: Fault.all) func `a script that cannot be started says why`(fault: Fault) throws {
        try host.write("/x", fault.line)
        try host.write("/y", "#!/usr/bin/env /x\n")
        #expect(throws: fault.failure) { try host.closure(of: "/x") }
        #expect(fault.failure.description == fault.text)
    }
}
