# SPDX-License-Identifier: Apache-2.0
# A small package set that looks like nixpkgs to the Nix library and its examples: programs from Debian packages, and
# the builders that nixpkgs has under the same names.
{ lockFile
, packages # the directory of the downloaded .deb files
, architecture ? null # for images of another machine: nothing but names, nothing can be run
}:
let
  inherit (import ./default.nix { inherit lockFile packages; }) programs;
  lib = import ./lib.nix;
  system = "x86_64-linux";
  # Names in a set with structured attributes are lists and tables of bash; the build itself sees no difference.
  setup = builtins.toFile "setup" (builtins.readFile ./setup.sh);

  # What coreutils does not have: tar, sed, grep, find and so on.
  tools = derivation {
    inherit system;
    name = "busybox-tools";
    builder = "${programs.bash}/bin/bash";
    args = [ "-ec" ''
      ${programs.coreutils}/bin/mkdir -p $out/bin
      for name in $(${programs.busybox}/bin/busybox --list); do
        ${programs.coreutils}/bin/ln -s ${programs.busybox}/bin/busybox $out/bin/$name
      done
    '' ];
  };

  derivationWith = { name, passthru ? { }, meta ? { }, ... }@arguments:
    derivation
      ({
        inherit system;
        builder = "${programs.bash}/bin/bash";
        args = [ "-e" setup ];
        initialPath = lib.makeBinPath [ programs.coreutils programs.bash programs.gnutar tools ];
      } // removeAttrs arguments [ "passthru" "meta" ])
    // { inherit name meta passthru; } // passthru;

  pkgs = programs // rec {
    inherit lib;

    stdenv = {
      inherit shell;
      hostPlatform = {
        inherit system;
        isLinux = true;
        isDarwin = false;
        go = { GOARCH = if architecture == null then "amd64" else architecture; GOARM = null; };
      };
      outPath = "${stdenvSetup}";
      mkDerivation = arguments: derivationWith ({ stdenv = "${stdenvSetup}"; } // arguments);
    };
    stdenvSetup = runCommand "stdenv" { } ''
      mkdir $out
      cp ${setup} $out/setup
    '';
    shell = "${programs.bash}/bin/bash";
    runtimeShell = shell;

    bashInteractive = programs.bash;
    # Stands for a program that was linked statically.
    pkgsStatic.busybox = programs.busybox;

    runCommand = name: environment: script:
      derivationWith ({ inherit name; buildCommand = script; passAsFile = [ "buildCommand" ]; } // environment);
    runCommandLocal = name: environment: runCommand name ({ preferLocalBuild = true; allowSubstitutes = false; } // environment);
    writeTextFile = { name, text, executable ? false, destination ? "", ... }: runCommandLocal name
      {
        inherit text;
        passAsFile = [ "buildCommand" "text" ];
      } ''
      target=$out${destination}
      mkdir -p "''${target%/*}"
      cp "$textPath" "$target"
      ${lib.optionalString executable "chmod +x \"$target\""}
    '';
    writeText = name: text: writeTextFile { inherit name text; };
    writeScript = name: text: writeTextFile { inherit name text; executable = true; };
    writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; };
    writeShellScript = name: text: writeScript name "#!${shell}\n${text}";
    writeShellScriptBin = name: text: writeScriptBin name "#!${shell}\n${text}";
    writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };

    # Both put links to files into real directories; the first package that has a file wins.
    symlinkJoin = { name, paths, postBuild ? "", ... }: runCommandLocal name { inherit paths; } ''
      mkdir -p $out
      for path in $paths; do linkTree "$path" "$out"; done
      ${postBuild}
    '';
    buildEnv = { name, paths, pathsToLink ? [ "/" ], postBuild ? "", ... }: runCommandLocal name
      { inherit paths pathsToLink; } ''
      mkdir -p $out
      for path in $paths; do
        for below in $pathsToLink; do
          if [ -d "$path$below" ]; then mkdir -p "$out$below"; linkTree "$path$below" "$out$below"; fi
        done
      done
      ${postBuild}
    '';

    closureInfo = { rootPaths }: derivationWith {
      name = "closure-info";
      __structuredAttrs = true;
      exportReferencesGraph.closure = rootPaths;
      preferLocalBuild = true;
      buildCommand = "${programs.python3}/bin/python3 ${./closure-info.py}";
    };
    writeReferencesToFile = path: "${closureInfo { rootPaths = [ path ]; }}/store-paths";

    mkShell = arguments: stdenv.mkDerivation ({ name = "nix-shell"; buildCommand = "touch $out"; } // arguments);

    # The package of Debian is unpacked by a program of this machine; this one can be built again in an image.
    hello = stdenv.mkDerivation {
      name = "hello";
      buildCommand = ''
        mkdir -p $out/bin
        cp ${programs.hello}/bin/hello $out/bin/hello
      '';
    };

    pkgsCross.aarch64-multiplatform = import ./pkgs.nix { inherit lockFile packages; architecture = "arm64"; };
  };
in
pkgs
