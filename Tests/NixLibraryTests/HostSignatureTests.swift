// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The last assertion of dockerTools' own test of nixpkgs, which is only proposed there.
@Suite
struct HostSignatureTests {
    @Test(.requires("nix", "nix-store"), .requiresClosures)
    func `dockerTools 54: signatures of the machine that builds are in the image, if they are asked for`() async throws
    {
        try await withTemporaryDirectory { directory in
            let (secret, open) = (directory + "/secret", directory + "/public")
            let nix = Nix.machine
            try await nix.check(["nix-store", "--generate-binary-cache-key", "drydock-test-1", secret, open])
            let key = try String(contentsOfFile: open, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            let images = SignedImages(key: key)
            let path = try await images.build("signed")
            try await nix.check(["nix", "store", "sign", "--key-file", secret, path])
            for (name, isSigned) in [
                ("single", false), ("singleWithSignatures", true), ("layered", false), ("layeredWithSignatures", true),
            ] {
                let root = "\(directory)/\(name)"
                try await Drydock.check(["export", images.build(name), "-o", root + "/"])
                #expect(try await isTrusted(path, in: root, key: key) == isSigned, "\(name)")
            }
            // A stream runs on the machine itself.
            let archive = directory + "/stream.tar"
            try await Command.check(
                ["sh", "-c", "\"$0\" --progress none >\"$1\"", images.build("streamWithSignatures"), archive],
                environment: ["DRYDOCK_CACHE": directory + "/cache"]
            )
            try await Drydock.check(["export", archive, "-o", directory + "/stream/"])
            #expect(try await isTrusted(path, in: directory + "/stream", key: key))
        }
    }

    /// Whether Nix finds the path as it was registered, with a signature by the key.
    private func isTrusted(_ path: String, in root: String, key: String) async throws -> Bool {
        let store = Nix(root: root)
        let command = ["nix", "store", "verify", "--sigs-needed", "1", "--trusted-public-keys", key, path]
        try await store.check(["nix", "store", "verify", "--no-trust", path])
        return try await Command.run(command, environment: store.environment).status == 0
    }
}

/// The images of `Fixtures/signed.nix`.
private struct SignedImages {
    let key: String

    /// Builds one, whose build may ask the database of the machine's store.
    func build(_ attribute: String) async throws -> String {
        var environment = try await LibraryBuilds.environment()
        environment["NIX_CONFIG", default: ""] += "\nextra-sandbox-paths = /nix/var/nix/db"
        let file = LibraryBuilds.checkout + "/Tests/NixLibraryTests/Fixtures/signed.nix"
        let options = ["--quiet", "--no-out-link", "--attr", attribute, "--argstr", "key", key]
        return try await Command.check(
            ["nix-build", file] + LibraryBuilds.arguments() + options,
            environment: environment,
            timeout: 600
        )
    }
}
