// SPDX-License-Identifier: Apache-2.0

import DrydockPackages
import DrydockTestSupport
import Foundation
import Testing

@Suite
struct NixCommandTests {
    /// A directory with a Nix file and a flake of the same derivation, which needs no builder but the shell's.
    private func withExpressions(_ body: (String) async throws -> Void) async throws {
        let tool = """
            derivation { name = "tool"; system = "x86_64-linux"; builder = "/bin/sh"; args = ["-c" "echo 1 >$out"]; }
            """
        try await withTemporaryDirectory { directory in
            let files = [
                "default.nix": "{ tool = \(tool); bad = throw \"no\"; }",
                "flake.nix": "{ outputs = { self }: { packages.x86_64-linux.tool = (import ./default.nix).tool; }; }",
            ]
            for (name, text) in files {
                try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
            }
            try await body(directory)
        }
    }

    @Test(.requires("nix", "nix-instantiate"), .requiresRoot)
    func `a package that cannot be evaluated is named`() async throws {
        try await withExpressions { directory in
            let file = NixCommand.file("default.nix", attribute: "bad", directory: directory, store: nil)
            #expect(throws: NixCommand.Failure.failed(package: "default.nix -A bad", status: 1)) { try file.build() }
            let flake = NixCommand.flake(".#none", directory: directory, store: nil)
            #expect(throws: NixCommand.Failure.failed(package: ".#none", status: 1)) { try flake.build() }
        }
    }

    @Test
    func `failures are sentences`() {
        #expect(
            NixCommand.Failure.notInstalled("nix").description == """
                Cannot find 'nix', which evaluates Nix expressions
                hint: install Nix, or name a store path or a 'result' link instead
                """
        )
        #expect(
            NixCommand.Failure.noOutput(package: ".#x").description == "Nix built '.#x' but named no store path"
        )
    }
}
