// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Testing

/// Real programs as Nix store paths, made by `scripts/closures` at most once in a test process.
///
/// `Tests/Closures` says which there are. Each is found by its name, as its store path is different tomorrow.
public struct NixClosures: Sendable {
    /// The directory of links, which is a link to a store path itself.
    public let directory: String

    /// The programs as they are.
    ///
    /// - Throws: ``Command/Failure`` with the reason if they cannot be made.
    public static var shared: NixClosures {
        get async throws { try await builds.closures(bumping: []) }
    }

    /// The programs after an update: these packages changed in one small file, and with them all that refer to them.
    ///
    /// - Throws: ``Command/Failure`` with the reason if they cannot be made.
    public static func bumping(_ names: String...) async throws -> NixClosures {
        try await builds.closures(bumping: names)
    }

    /// The store path of a program, for example of `redis`.
    ///
    /// - Throws: An error of Foundation's if the set does not have it.
    public func path(_ name: String) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\(name)")
    }

    /// The store path of a package that is not a program of the set but in its closure, for example of `libc6`.
    ///
    /// - Throws: ``Command/Failure`` unless there is exactly one.
    public func package(_ name: String) async throws -> String {
        let closure = try await Nix.machine.closure(of: [directory])
        let found = closure.filter { path in
            let rest = path.split(separator: "/").last?.dropFirst(33) ?? ""
            // A version starts with a digit, which the rest of a longer name does not.
            return rest.hasPrefix(name + "-") && rest.dropFirst(name.count + 1).first?.isNumber == true
        }
        if found.count == 1 { return found[0] }
        throw Command.Failure(arguments: ["nix-store", directory], reason: "has \(found.count) packages '\(name)'")
    }

    private static let builds = Builds()

    private actor Builds {
        private var running: [[String]: Task<NixClosures, any Error>] = [:]

        func closures(bumping names: [String]) async throws -> NixClosures {
            if let task = running[names] { return try await task.value }
            let task = Task { try await build(bumping: names) }
            running[names] = task
            return try await task.value
        }

        private func build(bumping names: [String]) async throws -> NixClosures {
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            let script = tests.deletingLastPathComponent().appendingPathComponent("scripts/closures").path
            let bumps = names.flatMap { ["--bump", "\($0)=1"] }
            return NixClosures(directory: try await Command.check([script, "test"] + bumps, timeout: 600))
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where real closures can be made: as root, with Nix, on the Debian that their recipes are for.
    ///
    /// Elsewhere it is skipped, but fails in CI.
    public static var requiresClosures: Self {
        .enabled("needs Debian 12 with Nix and patchelf, and root") {
            let tools = ["apt-get", "apt-cache", "dpkg-deb", "nix-build", "patchelf", "python3"]
            let missing = tools.filter { Tools.path(of: $0) == nil } + (Tools.isRoot ? [] : ["root"])
            let release = try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)
            let isKnown = release?.contains("VERSION_CODENAME=bookworm") == true
            let needs = missing + (isKnown ? [] : ["Debian 12"])
            return try Tools.isSatisfied(needs.isEmpty, needs.joined(separator: ", "))
        }
    }
}
