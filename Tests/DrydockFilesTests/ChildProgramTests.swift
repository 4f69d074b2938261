// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockTestSupport
import Foundation
import Testing

@Suite
struct ChildProgramTests {
    /// Runs a script of the shell on a thread that may wait.
    private func run(
        _ script: String,
        environment: [String: String]? = nil,
        directory: String? = nil,
        input: String = "",
        limit: Int = 1 << 20,
        timeout: Duration? = .seconds(900)
    ) async throws -> (status: Int32, text: String) {
        let program = ChildProgram(
            ["sh", "-c", script],
            environment: environment,
            directory: directory,
            answerLimit: limit,
            timeout: timeout
        )
        let answer = try await BlockingPool.withPool(width: 1) { _ in try program.run(input: Array(input.utf8)) }
        return (answer.status, String(decoding: answer.output, as: UTF8.self))
    }

    @Test
    func `a program reads its input and answers`() async throws {
        let answer = try await run("cat; pwd; echo \"$A\"", environment: ["A": "ü"], directory: "/usr", input: "in\n")
        #expect(answer == (0, "in\n/usr\nü\n"))
    }

    @Test
    func `a program ends with a status or a signal`() async throws {
        #expect(try await run("exit 7").status == 7)
        #expect(try await run("kill -TERM $$").status == 128 + SIGTERM)
    }

    @Test
    func `a program that does not read its input ends nothing else`() async throws {
        #expect(try await run("exit 0", input: String(repeating: "x", count: 1 << 20)) == (0, ""))
    }

    @Test
    func `who is left behind with the pipe does not hold up the answer`() async throws {
        let answer = try await run("sleep 1000 & echo $!")
        #expect(answer.status == 0)
        let sleeper = try #require(Int32(answer.text.dropLast()))
        #expect(kill(sleeper, SIGKILL) == 0)
    }

    @Test
    func `a program that takes too long is ended with its children`() async throws {
        try await withTemporaryDirectory { directory in
            await #expect(throws: ChildProgram.Failure.tooSlow) {
                try await run("sleep 1000 & echo $! >child; wait", directory: directory, timeout: .seconds(3))
            }
            let child = try String(contentsOfFile: directory + "/child", encoding: .utf8).dropLast()
            // Who adopts it waits for it at some time: until then it is a zombie.
            var status = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
            while let text = status, !text.contains(") Z ") {
                try await Task.sleep(for: .milliseconds(20))
                status = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
            }
        }
    }

    @Test
    func `a program of work that is cancelled is asked to end`() async throws {
        try await withTemporaryDirectory { directory in
            let script = "trap 'echo asked >asked; exit 0' TERM; echo >started; while :; do sleep 0.05; done"
            let task = Task { try await run(script, directory: directory, timeout: nil) }
            while !FileManager.default.fileExists(atPath: directory + "/started") {
                try await Task.sleep(for: .milliseconds(5))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try String(contentsOfFile: directory + "/asked", encoding: .utf8) == "asked\n")
        }
    }

    @Test
    func `an answer that is too long ends the program`() async throws {
        await #expect(throws: ChildProgram.Failure.answerTooLong) {
            try await run("head -c 100000 /dev/zero; exec sleep 1000", limit: 65_536)
        }
    }

    @Test
    func `a program that is missing or no program is not started`() async throws {
        #expect(throws: ChildProgram.Failure.notStarted(errorNumber: ENOENT)) {
            try ChildProgram(["no-such-program"]).run()
        }
        #expect(throws: ChildProgram.Failure.notStarted(errorNumber: EACCES)) { try ChildProgram(["/etc"]).run() }
    }

    @Test
    func `a program that is open for writing is started when it is closed`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/program"
            let script = "printf '#!/bin/sh\\necho done\\n' >program; chmod 755 program"
            try await Command.check(["sh", "-c", script], in: directory)
            let writer = try await Command.start(
                ["sh", "-c", "exec 3>>program; echo open >&2; sleep 0.5"],
                in: directory
            )
            while !writer.errorTextSoFar.contains("open") { try await Task.sleep(for: .milliseconds(5)) }
            let answer = try await BlockingPool.withPool(width: 1) { _ in try ChildProgram([path]).run() }
            #expect(answer.output == Array("done\n".utf8))
            _ = try await writer.output()
        }
    }
}
