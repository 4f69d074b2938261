// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockJSON
import Glibc

/// Where daemons are on a machine, as its environment and Docker's settings say.
///
/// Made from what it is given; it reads Docker's settings, and asks whether a socket is there.
public struct DaemonSurroundings: Sendable {
    /// The variables of the environment.
    public var variables: [String: String]
    /// The person's own directory; nil if there is none.
    public var home: String?
    /// The directory in which the machine's daemons have their sockets.
    public var runDirectory: String

    /// A machine as it is described.
    public init(variables: [String: String], home: String?, runDirectory: String = "/var/run") {
        self.variables = variables
        self.home = home
        self.runDirectory = runDirectory
    }

    /// The daemon that is meant: by `DOCKER_HOST`, `DOCKER_CONTEXT`, the context that Docker's settings name, or
    /// `CONTAINER_HOST`; else the first of ``sockets`` that is there.
    ///
    /// - Throws: ``DaemonFailure`` if one of them names none.
    public func endpoint() throws(DaemonFailure) -> DaemonEndpoint {
        if let host = variable("DOCKER_HOST") {
            return try DaemonEndpoint(parsing: host, tls: tls, origin: "DOCKER_HOST")
        }
        if let name = variable("DOCKER_CONTEXT") {
            if name != "default" { return try context(name, origin: "DOCKER_CONTEXT") }
        } else if let (name, path) = try currentContext(), name != "default" {
            return try context(name, origin: "'\(path)'")
        }
        if let host = variable("CONTAINER_HOST"), host.hasPrefix("unix:") {
            return try DaemonEndpoint(parsing: host, origin: "CONTAINER_HOST")
        }
        let socket = sockets.first { unsafe access($0, F_OK) == 0 } ?? sockets[0]
        return DaemonEndpoint(.socket(socket), origin: "the usual place")
    }

    /// The usual sockets in the order of preference: Docker's, that of Docker without root, and Podman's.
    public var sockets: [String] {
        let own = variable("XDG_RUNTIME_DIR")
        return ["\(runDirectory)/docker.sock"]
            + (own.map { ["\($0)/docker.sock", "\($0)/podman/podman.sock"] } ?? [])
            + ["\(runDirectory)/podman/podman.sock"]
    }

    private func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    private var dockerDirectory: String? { variable("DOCKER_CONFIG") ?? home.map { "\($0)/.docker" } }

    /// `DOCKER_TLS_VERIFY` and `DOCKER_TLS` ask for TLS by being there; the files are in `DOCKER_CERT_PATH`.
    private var tls: DaemonTLS? {
        let verifies = variable("DOCKER_TLS_VERIFY") != nil
        guard verifies || variable("DOCKER_TLS") != nil else { return nil }
        guard let directory = variable("DOCKER_CERT_PATH") ?? dockerDirectory else {
            return DaemonTLS(verifiesCertificate: verifies)
        }
        return Self.tls(in: directory, verifies: verifies)
    }

    private static func tls(in directory: String, verifies: Bool) -> DaemonTLS {
        func file(_ name: String) -> String? {
            let path = "\(directory)/\(name)"
            return unsafe access(path, F_OK) == 0 ? path : nil
        }
        return DaemonTLS(
            authority: file("ca.pem"),
            certificate: file("cert.pem"),
            key: file("key.pem"),
            verifiesCertificate: verifies
        )
    }
}

// MARK: - Contexts

extension DaemonSurroundings {
    /// The most that is read of one file of Docker's settings, in bytes.
    private static let sizeLimit = 1 << 20

    private func currentContext() throws(DaemonFailure) -> (name: String, path: String)? {
        guard let path = dockerDirectory.map({ "\($0)/config.json" }), var members = try Self.members(at: path) else {
            return nil
        }
        do {
            let name: String? = try members.take("currentContext")
            return name.flatMap { $0.isEmpty ? nil : ($0, path) }
        } catch { throw DaemonFailure(.file(path, clause: error.clause)) }
    }

    /// Reads `contexts/meta/DIGEST/meta.json`, where the digest is that of the name.
    ///
    /// A context that has files for TLS uses them, `contexts/tls/DIGEST/docker`.
    private func context(_ name: String, origin: String) throws(DaemonFailure) -> DaemonEndpoint {
        let digest = Digest(of: Array(name.utf8)).encoded
        guard let directory = dockerDirectory.map({ "\($0)/contexts" }),
            var members = try Self.members(at: "\(directory)/meta/\(digest)/meta.json")
        else { throw DaemonFailure(.missingContext(name, origin: origin)) }
        let path = "\(directory)/meta/\(digest)/meta.json"
        do {
            var endpoints: JSONMembers = try members.require("Endpoints")
            var docker: JSONMembers = try endpoints.require("docker")
            let host: String = try docker.require("Host")
            let skipsVerification: Bool = try docker.take("SkipTLSVerify") ?? false
            let files = "\(directory)/tls/\(digest)/docker"
            let hasTLS = unsafe access(files, F_OK) == 0 || skipsVerification
            let tls = hasTLS ? Self.tls(in: files, verifies: !skipsVerification) : nil
            return try DaemonEndpoint(parsing: host, tls: tls, origin: "The context '\(name)'")
        } catch let failure as JSONFailure {
            throw DaemonFailure(.file(path, clause: failure.clause))
        } catch let failure as DaemonFailure {
            throw failure
        } catch { throw DaemonFailure(.file(path, clause: "\(error)")) }
    }

    private static func members(at path: String) throws(DaemonFailure) -> JSONMembers? {
        let bytes: [UInt8]
        do { bytes = try HostFile.read(path, limit: sizeLimit + 1) } catch {
            if error.errorNumber == ENOENT || error.errorNumber == ENOTDIR { return nil }
            throw DaemonFailure(.file(path, clause: SystemError.text(of: error.errorNumber)))
        }
        guard bytes.contains(where: { $0 > 0x20 }) else { return nil }
        do {
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: sizeLimit, values: 1 << 16))
            return try JSONMembers(json: value)
        } catch { throw DaemonFailure(.file(path, clause: error.clause)) }
    }
}
