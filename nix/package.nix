# SPDX-License-Identifier: Apache-2.0
# The command, built from this checkout with a Swift toolchain that is given: its version is in .swift-version.
#
#   pkgs.callPackage ./nix/package.nix { toolchain = /opt/swift; }
#
# `toolchain` is a directory with usr/bin/swift, as swift.org's archives have it, that runs on this machine. Nothing is
# downloaded while it builds. `sources` is a directory with the packages that it needs, each under its name, as
# .build/checkouts is after `swift package resolve`; otherwise they are fetched at evaluation, by the revisions in `resolved`,
# the file Package.resolved that the same command writes.
{ lib
, stdenv
, pkg-config
, bzip2
, libdeflate
, sqlite
, xz
, zlib
, zstd
, toolchain ? throw "drydock: nix/package.nix needs 'toolchain', a directory with usr/bin/swift; or give the library 'drydock', a package with bin/drydock"
, sources ? null
, resolved ? ../Package.resolved
}:
let
  pins = (builtins.fromJSON (builtins.readFile resolved)).pins;
  # By its address, as SwiftPM names a package.
  nameOf = pin: builtins.replaceStrings [ ".git" ] [ "" ] (baseNameOf pin.location);
  fetched = builtins.listToAttrs (map
    (pin: {
      name = nameOf pin;
      value = builtins.fetchGit { url = pin.location; rev = pin.state.revision; allRefs = true; };
    })
    pins);
  packages =
    if sources == null then fetched
    else builtins.mapAttrs (name: type: "${sources}/${name}") (builtins.readDir sources);

  source = builtins.path {
    name = "drydock-source";
    path = ../.;
    filter = path: type:
      let below = lib.removePrefix (toString ../. + "/") path;
      in builtins.any (name: below == name || lib.hasPrefix "${name}/" below) [ "Package.swift" "Sources" "Benchmarks" "Tests" ];
  };
in
stdenv.mkDerivation {
  pname = "drydock";
  name = "drydock-0.1.0";
  version = "0.1.0";
  src = source;
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ bzip2 libdeflate sqlite xz zlib zstd ];

  buildCommand = ''
    cp -r ${source} drydock
    chmod -R u+w drydock
    cd drydock
    mkdir .packages
    ${builtins.concatStringsSep "\n" (map (name: "cp -r ${packages.${name}} .packages/${name}") (builtins.attrNames packages))}
    chmod -R u+w .packages

    # Every package is taken from here, also those that packages need.
    find Package.swift .packages -maxdepth 2 -name 'Package*.swift' -exec sed -zEi \
      -e 's#\.package\(\s*url:\s*"[^"]*/([^"/]+)"\s*,[^()]*(\([^()]*\))?[^()]*\)#.package(path: "'"$PWD"'/.packages/\1")#g' \
      -e 's#(\.packages/[^"]*)\.git"#\1"#g' {} +

    # What the pattern does not fit, Apple's packages take from beside themselves.
    export SWIFTCI_USE_LOCAL_DEPS=1

    export HOME=$PWD/.home
    mkdir $HOME
    export PATH=${toString toolchain}/usr/bin:$PATH
    swift build -c release --product drydock --static-swift-stdlib --disable-sandbox ''${NIX_BUILD_CORES:+-j $NIX_BUILD_CORES}
    mkdir -p $out/bin
    cp "$(swift build -c release --show-bin-path --disable-sandbox)/drydock" $out/bin/drydock
  '';

  meta = {
    description = "Container images without Docker, without a virtual machine and without root";
    mainProgram = "drydock";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
