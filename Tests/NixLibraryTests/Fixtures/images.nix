# SPDX-License-Identifier: Apache-2.0
# The examples, and all of them described in one file of JSON: who builds that file builds them all.
#
# The program is not copied into the store, as it is large and new with every build; its digest stands for it.
{ lockFile
, packages
, program
, digest
, # What is pulled from a registry that a test starts, and not part of the file of JSON.
  pulled ? null
}:
let
  closures = import ../../Closures/pkgs.nix { inherit lockFile packages; };
  pkgs = closures // { inherit drydock; };
  drydock = closures.writeShellScriptBin "drydock" ''
    # sha256 ${digest}
    exec ${program} "$@"
  '';
  images = import ../../../examples/nix { inherit pkgs drydock pulled; };
  withoutPulled = removeAttrs images [ "nixFromDockerHub" "testNixFromDockerHub" "onTopOfPulledImage" ];

  description = name: image: {
    path = "${image}";
    # An archive of several images has several names.
    name = image.imageName or "several";
    tag = image.imageTag or "several";
    isStream = image.isExe or false;
  };
in
{
  inherit images pkgs;
  json = closures.writeText "images.json" (builtins.toJSON (builtins.mapAttrs description withoutPulled));
}
