# SPDX-License-Identifier: Apache-2.0
# The Nix library: the functions of nixpkgs' dockerTools, on Drydock.
#
#   let drydock = import ./nix { inherit pkgs; };
#   in drydock.buildLayeredImage { name = "hello"; contents = [ pkgs.hello ]; config.Cmd = [ "hello" ]; }
#
# docs/nix.md tells how to install it, what each function takes, and what differs from dockerTools.
{ pkgs ? import <nixpkgs> { }
, # The package with bin/drydock.
  drydock ? pkgs.callPackage ./package.nix { }
}:
let
  needs = import ./needs.nix { inherit pkgs; };
  call = file: import file (needs // { inherit check drydock library parts; });

  check = import ./check.nix { inherit (needs) lib; };
  parts = call ./parts.nix;

  library = call ./layered.nix // call ./layers.nix // call ./build-image.nix // call ./archives.nix // call ./pull.nix // call ./nix-shell.nix // call ./helpers.nix // {
    inherit drydock;
  };
in
library
