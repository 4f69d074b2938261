// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Foundation
import Glibc

/// Builds packages with the Nix that is installed here; its progress and its errors go to standard error.
public struct NixCommand: Sendable {
    /// Why a package could not be built.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// There is no such program in `PATH`.
        case notInstalled(String)
        /// Nix has said why.
        case failed(package: String, status: Int32)
        /// Nix has named no path.
        case noOutput(package: String)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .notInstalled(let program):
                "Cannot find '\(program)', which evaluates Nix expressions\n"
                    + "hint: install Nix, or name a store path or a 'result' link instead"
            case .failed(let package, let status): "Nix could not build '\(package)': it ended with status \(status)"
            case .noOutput(let package): "Nix built '\(package)' but named no store path"
            }
        }
    }

    /// What the person calls the package, for messages.
    public let package: String
    /// The program and its arguments.
    public let arguments: [String]
    /// The directory to which relative paths refer.
    public let directory: String

    /// An attribute of a flake, such as `.#redis`.
    public static func flake(_ installable: String, directory: String, store: String?) -> NixCommand {
        let features = ["--extra-experimental-features", "nix-command flakes"]
        return NixCommand(
            package: installable,
            arguments: ["nix", "build"] + features + ["--no-link", "--json"] + option(store)
                + ["--", installable],
            directory: directory
        )
    }

    /// An attribute of a Nix file, or without one the file's value.
    public static func file(_ path: String, attribute: String?, directory: String, store: String?) -> NixCommand {
        NixCommand(
            package: attribute.map { "\(path) -A \($0)" } ?? path,
            arguments: ["nix-build", "--no-out-link"] + option(store) + (attribute.map { ["-A", $0] } ?? []) + [path],
            directory: directory
        )
    }

    private static func option(_ store: String?) -> [String] { store.map { ["--store", $0] } ?? [] }

    /// One derivation of the JSON that `nix build` prints, which it does in every version that knows flakes.
    private struct Built: Decodable {
        let outputs: [String: String]
    }

    /// The paths that Nix printed: lines, or JSON.
    private static func paths(in text: String) -> [String] {
        guard text.hasPrefix("[") else { return text.split(whereSeparator: \.isNewline).map(String.init) }
        let built = (try? JSONDecoder().decode([Built].self, from: Data(text.utf8))) ?? []
        return built.flatMap { $0.outputs.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Runs Nix and waits for it.
    ///
    /// - Returns: The store paths that it prints, at least one.
    /// - Throws: ``Failure``.
    public func build() throws -> [String] {
        let answer: ChildProgram.Answer
        do {
            answer = try ChildProgram(arguments, directory: directory).run()
        } catch ChildProgram.Failure.notStarted(errorNumber: ENOENT) {
            throw Failure.notInstalled(arguments[0])
        }
        guard answer.status == 0 else { throw Failure.failed(package: package, status: answer.status) }
        let text = String(decoding: answer.output, as: UTF8.self)
        let paths = Self.paths(in: text)
        guard !paths.isEmpty else { throw Failure.noOutput(package: package) }
        return paths
    }
}
