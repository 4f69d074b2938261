// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockSandbox
import Foundation

/// A look at a machine: everything that `doctor` reports, from the variables and files that it is given.
struct Examination {
    /// The variables of the environment.
    let environment: [String: String]

    /// A look at this process's machine.
    static func current() -> Examination { Examination(environment: ProcessInfo.processInfo.environment) }

    /// What was found, what a build needs first.
    var findings: [Finding] {
        [machine, temporaryDirectory, compression, scripts, docker]
            + ["podman", "skopeo", "umoci"].map { tool($0, package: $0) } + connections
    }

    private var machine: Finding {
        let processors = BlockingPool.machineWidth
        let detail = "\(Platform.host), \(processors == 1 ? "1 processor" : "\(processors) processors")"
        return Finding(name: "building", state: .works, detail: detail)
    }

    /// Where compressed archives of `contents` are decompressed.
    private var temporaryDirectory: Finding {
        let path = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        do {
            _ = try OwnedDescriptor(unnamedIn: path)
            let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
            let free = (attributes[.systemFreeSize] as? NSNumber).map { ", \(ByteSize($0.int64Value)) free" } ?? ""
            return Finding(name: "temporary files", state: .works, detail: path + free)
        } catch {
            let lines = "\(error)".components(separatedBy: "\nhint: ")
            return Finding(name: "temporary files", state: .broken, detail: lines[0], hint: lines.dropFirst().first)
        }
    }

    private var compression: Finding {
        let libraries = [
            "libdeflate \(CompressionLibraries.libdeflate)", "zlib \(CompressionLibraries.zlib)",
            "zstd \(CompressionLibraries.zstd)", "xz \(CompressionLibraries.xz)", "bzip2 \(CompressionLibraries.bzip2)",
        ]
        return Finding(name: "compression", state: .works, detail: libraries.joined(separator: ", "))
    }

    /// How scripts of specs are run.
    private var scripts: Finding {
        let abilities = SandboxAbilities.present(searchPath: environment["PATH"] ?? "")
        let words =
            switch abilities.mode {
            case .root: "as root, with real owners"
            case .subordinate: "with subordinate ids, with mapped owners"
            case .single: "with one mapped id, with emulated owners"
            }
        let directory = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        do {
            let found = try Sandbox(abilities: abilities, temporaryDirectory: directory).examine()
            let layers = found.usesOverlay ? "overlayfs" : "copies of layers, for overlayfs is refused"
            let missing = found.missing.isEmpty ? "" : "; without: " + found.missing.joined(separator: ", ")
            let mayMapMore = abilities.mode == .single && geteuid() != 0
            let hint = mayMapMore ? "\(SandboxFailure(.noSubordinateIDs))".hint : nil
            return Finding(name: "scripts", state: .works, detail: "\(words), \(layers)\(missing)", hint: hint)
        } catch {
            let lines = "\(error)".components(separatedBy: "\nhint: ")
            return Finding(name: "scripts", state: .missing, detail: lines[0], hint: lines.dropFirst().first)
        }
    }

    /// Docker's command, and a daemon behind it.
    private var docker: Finding {
        guard let command = path(of: "docker") else { return tool("docker", package: "docker.io") }
        let host = environment["DOCKER_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? "unix:///var/run/docker.sock"
        guard host.hasPrefix("unix://") else {
            return Finding(name: "docker", state: .works, detail: "\(command), daemon at \(host)")
        }
        let socket = String(host.dropFirst("unix://".count))
        guard unsafe access(socket, F_OK) == 0 else {
            let detail = "\(command), but no daemon at \(socket)"
            return Finding(
                name: "docker",
                state: .missing,
                detail: detail,
                hint: "start it: sudo systemctl start docker"
            )
        }
        guard unsafe access(socket, W_OK) == 0 else {
            let detail = "\(command), but \(socket) may not be used by you"
            let hint = "join its group: sudo usermod -aG docker \"$USER\", then log in again"
            return Finding(name: "docker", state: .missing, detail: detail, hint: hint)
        }
        return Finding(name: "docker", state: .works, detail: "\(command), daemon at \(socket)")
    }

    private func tool(_ name: String, package: String) -> Finding {
        if let path = path(of: name) { return Finding(name: name, state: .works, detail: path) }
        let hint = "on Debian and Ubuntu: sudo apt-get install \(package)"
        return Finding(name: name, state: .missing, detail: "not found; not needed to build", hint: hint)
    }

    /// Where `PATH` finds a program.
    private func path(of program: String) -> String? {
        (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

extension String {
    /// What stands behind "hint: " in an error's text.
    fileprivate var hint: String? { components(separatedBy: "\nhint: ").dropFirst().first }
}
