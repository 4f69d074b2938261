# SPDX-License-Identifier: Apache-2.0
# All images of the tests, in one file of JSON: reading it builds them.
#
# The program is not copied into the store, as it is large and new with every build; its digest stands for it.
{ lockFile, packages, program, digest }:
let
  pkgs = import ../../Closures/pkgs.nix { inherit lockFile packages; };
  drydock = pkgs.writeShellScriptBin "drydock" ''
    # sha256 ${digest}
    exec ${program} "$@"
  '';
  images = import ../../../examples/nix { inherit pkgs drydock; };

  description = name: image: {
    path = "${image}";
    name = image.imageName;
    tag = image.passthru.imageTag;
    isStream = image.isExe or false;
  };
in
pkgs.writeText "images.json" (builtins.toJSON (builtins.mapAttrs description images))
