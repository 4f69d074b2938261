// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What is said at evaluation about wrong arguments: the function, the argument, and what to do.
@Suite
struct EvaluationErrorTests {
    @Test(
        .requires("nix-instantiate"),
        arguments: [
            Mistake(
                "buildLayeredImage { name = \"a\"; contens = [ ]; }",
                "drydock.buildLayeredImage: unknown argument 'contens'; did you mean 'contents'?"
            ),
            Mistake(
                "streamLayeredImage { name = \"a\"; cmd = [ ]; }",
                "drydock.streamLayeredImage: unknown argument 'cmd'; write 'config.Cmd = …'"
            ),
            Mistake(
                "buildLayeredImage { tag = \"a\"; }",
                "drydock.buildLayeredImage: missing argument 'name': a string"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; maxLayers = 1; }",
                "drydock.buildLayeredImage: argument 'maxLayers' must be a whole number from 2 to 125, but is 1: one for what "
                    + "is particular to the image and at least one for store paths, and Docker loads 125"
            ),
            Mistake(
                "buildImage { name = \"a\"; uid = \"0\"; }",
                "drydock.buildImage: argument 'uid' must be a whole number of at least 0, but is the string '0'"
            ),
            Mistake(
                "buildImage { name = \"a\"; contents = ./.; copyToRoot = ./.; }",
                "drydock.buildImage: 'contents' and 'copyToRoot' mean the same; keep 'copyToRoot'"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; compressor = \"gzip\"; }",
                "drydock.buildLayeredImage: argument 'compressor' must be one of 'none', 'gz', 'zstd', but is the string 'gzip'"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; config.Comd = [ ]; }",
                "drydock.buildLayeredImage: unknown key in 'config' 'Comd'; did you mean 'Cmd'?"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; config = { Cmd = [ ]; cmd = [ ]; }; }",
                "drydock.buildLayeredImage: 'config' has 'Cmd' twice, in different cases; keep one"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; config.Env = { A = \"b\"; }; }",
                "drydock.buildLayeredImage: 'config.Env' must be a list of strings, but is an attribute set"
            ),
            Mistake(
                """
                buildLayeredImage {
                  name = "a"; maxLayers = 2; contents = [ ./. ];
                  fromImage = library.buildImage { name = "b"; copyToRoot = ./.; fromImage = library.buildImage { name = "c"; }; };
                }
                """,
                "drydock.buildLayeredImage: argument 'maxLayers' is 2, but 'fromImage' alone has at least 2 layers; give a "
                    + "higher number, at most 125"
            ),
            Mistake(
                "pullImage { imageName = \"a\"; imageDigest = \"sha256:1\"; hash = \"\"; }",
                "drydock.pullImage: argument 'imageDigest' must be a digest, but is the string 'sha256:1', such as sha256:… with "
                    + "64 digits; 'drydock prefetch NAME' prints it"
            ),
            Mistake(
                "pullImage { imageName = \"a\"; imageDigest = digest; }",
                "drydock.pullImage: missing argument 'hash': the hash of the image's archive; 'drydock prefetch NAME' prints it"
            ),
            Mistake(
                "pullImage { imageName = \"a\"; imageDigest = digest; hash = \"\"; sha256 = \"\"; }",
                "drydock.pullImage: 'hash' and 'sha256' mean the same; keep 'hash'"
            ),
            Mistake(
                "pullImage { imageName = \"a\"; imageDigest = digest; hash = \"\"; authFile = ./auth.json; }",
                "drydock.pullImage: argument 'authFile' must be an absolute path as a string, which is not copied into the "
                    + "store, or null, but is a path"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; includeNixDBHostSignatures = true; }",
                "drydock.buildLayeredImage: 'includeNixDBHostSignatures' says what is in the database of 'includeNixDB'; set "
                    + "that to true, too"
            ),
            Mistake(
                "buildLayeredImage { name = \"a\"; layers = 3; }",
                "drydock.buildLayeredImage: argument 'layers' must be true, false or a list of layers, but is 3; buildLayer "
                    + "makes one"
            ),
            Mistake(
                "buildLayer { contents = [ ./. ]; layers = [ ./. ]; }",
                "drydock.buildLayer: argument 'layers' must be a list of what buildLayer makes"
            ),
            Mistake(
                "buildNixShellImage { drv = derivation; command = \"a\"; run = \"b\"; }",
                "drydock.buildNixShellImage: 'command' and 'run' exclude each other: 'command' starts an interactive shell, "
                    + "'run' does not"
            ),
            Mistake(
                "streamNixShellImage { drv = derivation // { drvAttrs.__structuredAttrs = true; }; }",
                "drydock.streamNixShellImage: 'drv' has structured attributes, which no environment can hold; leave out "
                    + "'__structuredAttrs'"
            ),
        ]
    )
    func `a wrong argument is named with the fix`(_ mistake: Mistake) async throws {
        let expression = """
            let
              derivation = builtins.derivation { name = "a"; system = "x86_64-linux"; builder = "/bin/a"; };
              built = inputs: name: {
                inherit name;
                outPath = builtins.deepSeq inputs "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-${name}";
              };
              package = built null;
              digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
              pkgs = {
                lib = import \(LibraryBuilds.checkout)/Tests/Closures/lib.nix;
                runCommand = name: environment: script: built script name // environment // environment.passthru or { };
                writeText = name: text: built text name;
                writeScript = name: text: built text name;
                writeScriptBin = name: text: built text name;
                closureInfo = { rootPaths }: built (map toString rootPaths) "closure-info";
                bash = package "bash";
                coreutils = package "coreutils";
                cacert = package "cacert";
                stdenv.hostPlatform.go.GOARCH = "amd64";
              };
              library = import \(LibraryBuilds.checkout)/nix { inherit pkgs; drydock = package "drydock"; };
            in "${library.\(mistake.call)}"
            """
        let output = try await Command.run(
            ["nix-instantiate", "--eval", "--strict", "--expr", expression],
            environment: ["NIX_REMOTE": "dummy://"]
        )
        #expect(output.status == 1)
        #expect(output.errorText.contains("error: " + mistake.message), "\(output.errorText)")
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let call: String
        let message: String

        init(_ call: String, _ message: String) {
            self.call = call
            self.message = message
        }

        var testDescription: String { call }
    }
}
