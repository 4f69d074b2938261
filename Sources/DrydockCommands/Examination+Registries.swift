// SPDX-License-Identifier: Apache-2.0

import DrydockDaemon
import DrydockRegistry
import Foundation

extension Examination {
    /// What is needed to talk to registries and to a daemon; never a secret.
    var connections: [Finding] { [daemon, logins, registries] }

    private var home: String? { environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } }

    private var surroundings: RegistrySurroundings { RegistrySurroundings(variables: environment, home: home) }

    /// The daemon that `docker-daemon:` means.
    private var daemon: Finding {
        do {
            let endpoint = try DaemonSurroundings(variables: environment, home: home).endpoint()
            guard case .socket(let path) = endpoint.address else {
                return Finding(name: "daemon", state: .works, detail: "\(endpoint), by \(endpoint.origin)")
            }
            if unsafe access(path, F_OK) != 0 {
                let hint = "needed for docker-daemon: and --load alone"
                return Finding(name: "daemon", state: .missing, detail: "no socket at \(path)", hint: hint)
            }
            guard unsafe access(path, W_OK) == 0 else {
                let hint = "join the group of \(path), for example with: sudo usermod -aG docker \"$USER\""
                return Finding(name: "daemon", state: .missing, detail: "\(path) may not be used by you", hint: hint)
            }
            return Finding(name: "daemon", state: .works, detail: "\(path), by \(endpoint.origin)")
        } catch { return Self.failed("daemon", error) }
    }

    /// The files in which credentials are, and the helpers that they name.
    private var logins: Finding {
        do {
            let overviews = try surroundings.credentials.overviews()
            guard !overviews.isEmpty else {
                let hint = "drydock login REGISTRY; what docker, podman and skopeo login keep is used, too"
                return Finding(name: "logins", state: .missing, detail: "none; not needed to build", hint: hint)
            }
            let details = overviews.map { overview in
                let registries =
                    overview.registries.isEmpty ? "no registry" : overview.registries.joined(separator: ", ")
                let helpers = overview.helpers.map { ", docker-credential-\($0)" }.joined()
                return "\(overview.path) (\(registries)\(helpers))"
            }
            let missing = overviews.flatMap(\.missingHelpers).map { "docker-credential-\($0)" }
            return Finding(
                name: "logins",
                state: missing.isEmpty ? .works : .missing,
                detail: details.joined(separator: "; "),
                hint: missing.isEmpty ? nil : "not installed: \(missing.joined(separator: ", "))"
            )
        } catch { return Self.failed("logins", error) }
    }

    /// Settings for registries: files, certificates and proxies.
    private var registries: Finding {
        do {
            let settings = try RegistrySettings(surroundings)
            var details: [String] = []
            let files = Set(settings.registries.rules.map(\.path)).sorted()
            if !files.isEmpty { details.append(files.joined(separator: ", ")) }
            for directory in settings.certificateDirectories {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? []
                if !names.isEmpty { details.append("\(directory) (\(names.joined(separator: ", ")))") }
            }
            if let proxy = settings.proxies.https { details.append("proxy \(proxy.host):\(proxy.port)") }
            let detail =
                details.isEmpty ? "no mirrors, certificates or proxies are configured" : details.joined(separator: "; ")
            return Finding(name: "registries", state: .works, detail: detail)
        } catch { return Self.failed("registries", error) }
    }

    private static func failed(_ name: String, _ error: any Error) -> Finding {
        let lines = "\(error)".components(separatedBy: "\nhint: ")
        return Finding(name: name, state: .missing, detail: lines[0], hint: lines.dropFirst().first)
    }
}
