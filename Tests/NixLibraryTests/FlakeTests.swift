// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The flake, with the package set of the tests in the place of nixpkgs.
@Suite
struct FlakeTests {
    @Test(.requiresClosures)
    func `the flake's images are those of the library`() async throws {
        try await withFlake { flake in
            let tag = try await evaluate(["\(flake)#checks.x86_64-linux.bashNoTagStreamLayered.imageTag"])
            let expected = try await LibraryImage.named("bashNoTagStreamLayered").reference
            #expect(expected.hasSuffix(":" + tag))
        }
    }

    @Test(.requiresClosures)
    func `the flake has an overlay, a library, packages and apps`() async throws {
        try await withFlake { flake in
            let expression = """
                flake: let
                  pkgs = flake.inputs.nixpkgs.legacyPackages.x86_64-linux;
                  extended = flake.overlays.default pkgs pkgs;
                  own = flake.lib.dockerTools { inherit pkgs; inherit (pkgs) drydock; };
                in builtins.concatStringsSep " " [
                  (extended.drydockTools.image { name = "a"; tag = "overlay"; }).imageTag
                  (own.buildLayeredImage { name = "a"; tag = "library"; }).imageTag
                  (builtins.toString (flake.packages.x86_64-linux.default == pkgs.drydock))
                  (builtins.baseNameOf flake.apps.x86_64-linux.default.program)
                ]
                """
            let call = "(\(expression)) (builtins.getFlake \"\(flake)\")"
            let text = try await evaluate(["--expr", call])
            #expect(text == "overlay library 1 drydock")
        }
    }

    private func evaluate(_ arguments: [String]) async throws -> String {
        try await nix(["eval", "--impure", "--raw"] + arguments)
    }

    @discardableResult
    private func nix(_ arguments: [String]) async throws -> String {
        var environment = try await LibraryBuilds.environment()
        environment["NIX_CONFIG", default: ""] += "\nextra-experimental-features = nix-command flakes"
        environment["XDG_CACHE_HOME"] = NSTemporaryDirectory() + "/drydock-library-cache"
        return try await Command.check(["nix"] + arguments, environment: environment, timeout: 300)
    }

    /// Calls `body` with a copy of the flake whose input is the package set of the tests.
    private func withFlake(_ body: (_ flake: String) async throws -> Void) async throws {
        let arguments = try await LibraryBuilds.arguments()
        let values = stride(from: 0, to: arguments.count, by: 3).map {
            "\(arguments[$0 + 1]) = \"\(arguments[$0 + 2])\";"
        }
        let file = LibraryBuilds.checkout + "/Tests/NixLibraryTests/Fixtures/images.nix"
        let nixpkgs = """
            { outputs = { self }: {
                legacyPackages.x86_64-linux = (import \(file) { \(values.joined(separator: " ")) }).pkgs;
            }; }
            """
        try await withTemporaryDirectory { directory in
            let manager = FileManager.default
            for name in ["nixpkgs", "drydock"] {
                try manager.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: false)
            }
            try nixpkgs.write(toFile: directory + "/nixpkgs/flake.nix", atomically: false, encoding: .utf8)
            for name in ["nix", "examples"] {
                try manager.copyItem(
                    atPath: "\(LibraryBuilds.checkout)/\(name)",
                    toPath: "\(directory)/drydock/\(name)"
                )
            }
            let flake = try String(contentsOfFile: LibraryBuilds.checkout + "/flake.nix", encoding: .utf8)
                .replacingOccurrences(of: "github:NixOS/nixpkgs/nixos-unstable", with: "path:\(directory)/nixpkgs")
            try flake.write(toFile: directory + "/drydock/flake.nix", atomically: false, encoding: .utf8)
            let reference = "path:\(directory)/drydock"
            try await nix(["flake", "lock", reference])
            try await body(reference)
        }
    }
}
