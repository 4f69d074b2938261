// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Debian's `tinyproxy`, which knows hosts of this machine by names that nobody else knows.
public struct Tinyproxy: Sendable {
    /// What the proxy is like.
    public struct Settings: Sendable {
        /// The name and the password that it wants.
        public var user: String?
        /// The ports that it opens tunnels to.
        public var tunnelPorts: [Int] = [443]
        /// The names that mean this machine.
        public var names = ["registry.test"]

        /// A proxy that is open to everybody.
        public init() {}
    }

    /// The port on 127.0.0.1.
    public let port: Int
    private let log: String

    /// The first lines of the requests that it had, for example `CONNECT registry.test:5000 HTTP/1.1`.
    public var requests: [String] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let mark = line.firstRange(of: "Request (file descriptor "),
                let colon = line[mark.upperBound...].firstRange(of: "): ")
            else { return nil }
            return String(line[colon.upperBound...])
        }
    }

    /// Runs `body` with a proxy.
    ///
    /// - Throws: ``Command/Failure`` if it does not start; what `body` throws.
    public static func withProxy<Result: Sendable>(
        _ settings: Settings = Settings(),
        _ body: (Tinyproxy) async throws -> Result
    ) async throws -> Result {
        for _ in 0..<10 {
            if let result = try await withTemporaryDirectory({ directory in
                let proxy = Tinyproxy(port: try FreePort.find(), log: directory + "/log")
                return try await proxy.running(settings, in: directory, body)
            }) {
                return result
            }
        }
        throw Command.Failure(arguments: ["tinyproxy"], reason: "found no port that was still free")
    }

    /// Runs `body` with the proxy; nil if somebody else has its port by now.
    private func running<Result: Sendable>(
        _ settings: Settings,
        in directory: String,
        _ body: (Tinyproxy) async throws -> Result
    ) async throws -> Result? {
        try settings.text(port: port, log: log)
            .write(toFile: directory + "/config", atomically: true, encoding: .utf8)
        try ("127.0.0.1 localhost " + settings.names.joined(separator: " ") + "\n")
            .write(toFile: directory + "/hosts", atomically: true, encoding: .utf8)
        let script = "mount --bind \(directory)/hosts /etc/hosts && exec tinyproxy -d -c \(directory)/config"
        let running = try await Command.start(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
            timeout: 600
        )
        defer { running.killGroup() }
        return try await isStarted(running) ? try await body(self) : nil
    }

    private func isStarted(_ running: RunningCommand) async throws -> Bool {
        for _ in 0..<3_000 {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if text.contains("Accepting connections") { return true }
            if running.errorTextSoFar.contains("Could not create listening sockets") { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Command.Failure(arguments: ["tinyproxy"], reason: "did not start: \(running.errorTextSoFar)")
    }
}

extension Tinyproxy.Settings {
    fileprivate func text(port: Int, log: String) -> String {
        var lines = [
            "Port \(port)", "Listen 127.0.0.1", "Timeout 600", "LogFile \"\(log)\"", "LogLevel Info",
            "MaxClients 100", "DisableViaHeader Yes",
        ]
        lines += tunnelPorts.map { "ConnectPort \($0)" }
        if let user {
            lines.append("BasicAuth " + user.split(separator: ":", maxSplits: 1).joined(separator: " "))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
