// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Docker daemon of this test process alone: own data, socket and process files; it ends with the process.
///
/// It is started at most once and shared. Containers see no network but the host's, if they ask for it, as the daemon
/// neither makes a bridge nor touches the packet filter. Needs root.
public actor DockerDaemon {
    /// The one daemon of this process.
    public static let shared = DockerDaemon()

    private var starting: Task<Docker, any Error>?

    /// The client, once the daemon answers.
    ///
    /// - Throws: ``Command/Failure`` with the end of the daemon's log if it does not answer within a minute.
    public func client() async throws -> Docker {
        if let starting { return try await starting.value }
        let task = Task { try await Self.start() }
        starting = task
        return try await task.value
    }

    /// Calls `body` with the client of a daemon that also listens on a port of localhost, with TLS and for clients with a
    /// certificate of the same authority alone.
    ///
    /// - Throws: As ``client()``; what `body` throws.
    public static func withTLS<Result: Sendable>(
        _ certificates: TestCertificates,
        _ body: (Docker, Int) async throws -> Result
    ) async throws -> Result {
        let port = try FreePort.find()
        let options = [
            "--host", "tcp://127.0.0.1:\(port)", "--tlsverify", "--tlscacert", certificates.authority,
            "--tlscert", certificates.certificate, "--tlskey", certificates.key,
        ]
        let (docker, running) = try await started(options)
        return try await cleaningUp {
            try await body(docker, port)
        } cleanup: {
            running.signal(SIGTERM)
            _ = try await running.output()
        }
    }

    private static func start() async throws -> Docker { try await started([]).client }

    private static func started(_ options: [String]) async throws -> (client: Docker, daemon: RunningCommand) {
        let directory = try TemporaryDirectory.make()
        let docker = Docker(socket: directory + "/docker.sock", configuration: directory + "/client")
        let daemon =
            [
                "dockerd", "--data-root", directory + "/data", "--exec-root", directory + "/exec",
                "--pidfile", directory + "/docker.pid", "--host", "unix://" + docker.socket,
                "--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=overlay2",
            ] + options
        let running = try await Command.start(
            ["setpriv", "--pdeathsig", "TERM", "sh", "-c", guardScript, "sh", directory] + daemon,
            timeout: 7 * 24 * 3600
        )
        for _ in 0..<600 {
            if try await docker.run("version").status == 0 { return (docker, running) }
            try await Task.sleep(for: .milliseconds(100))
        }
        let log = try? String(contentsOfFile: directory + "/log", encoding: .utf8)
        running.signal(SIGTERM)
        throw Command.Failure(arguments: daemon, reason: "does not answer: \(log?.suffix(2000) ?? "")")
    }

    /// Runs the daemon, and cleans up after it when the test process ends, however that ends.
    ///
    /// The kernel sends TERM to this script when the thread that started it is gone (`setpriv --pdeathsig`).
    private static let guardScript = """
        directory=$1
        shift
        "$@" >"$directory/log" 2>&1 &
        daemon=$!
        finish() {
            trap '' TERM
            kill -TERM $daemon 2>/dev/null
            wait $daemon
            awk -v below="$directory/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
            rm -rf --one-file-system "$directory"
            exit
        }
        trap finish TERM
        wait $daemon
        """
}
