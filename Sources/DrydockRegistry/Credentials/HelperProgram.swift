// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Foundation
import Glibc

/// A program that reads a short text and writes a short answer.
struct HelperProgram: Sendable {
    /// How it ended and what it wrote.
    struct Result: Sendable {
        let status: Int32
        let output: [UInt8]
    }

    /// Why there is no result.
    enum Failure: Error {
        case notStarted(String)
        case tooSlow
        case answerTooLong
    }

    let path: String
    let environment: [String: String]
    let timeout: Duration

    /// Runs it to its end, on a thread that may wait.
    ///
    /// - Throws: ``Failure``; the program is then killed.
    func run(_ argument: String, input: [UInt8], limit: Int) async throws -> Result {
        try await BlockingPool.withPool(width: 1) { _ in try runBlocking(argument, input: input, limit: limit) }
    }

    private func runBlocking(_ argument: String, input: [UInt8], limit: Int) throws -> Result {
        // In memory and not through a pipe: a program that ends without reading must not end this one with SIGPIPE.
        let inputFile = try OwnedDescriptor.inMemory(input)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [argument]
        process.environment = environment
        process.standardInput = FileHandle(fileDescriptor: inputFile.number, closeOnDealloc: false)
        let output = Pipe()
        process.standardOutput = output
        do { try process.run() } catch { throw Failure.notStarted("it cannot be started") }
        do {
            let answer = try read(output.fileHandleForReading.fileDescriptor, limit: limit)
            process.waitUntilExit()
            return Result(status: process.terminationStatus, output: answer)
        } catch {
            // Foundation gives each program a process group of its own: what it started ends with it.
            kill(-process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            throw error
        }
    }

    private func read(_ descriptor: Int32, limit: Int) throws -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw Failure.tooSlow }
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let wait = min(left.components.seconds * 1_000 + 1, 1_000)
            guard unsafe poll(&request, 1, Int32(wait)) > 0 else { continue }
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return answer }
            answer += buffer.prefix(count)
            guard answer.count <= limit else { throw Failure.answerTooLong }
        }
    }
}

extension HelperSettings {
    /// Where the search path has a program.
    func path(of program: String) -> String? {
        searchPath.map { "\($0)/\(program)" }.first { unsafe access($0, X_OK) == 0 }
    }
}
