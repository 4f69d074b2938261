# SPDX-License-Identifier: Apache-2.0
# The examples of nixpkgs' dockerTools, by their names, with Drydock.
#
#   nix-build examples/nix -A redis && docker load <result
#
# `pkgs` is nixpkgs, or any set that has the programs below; the project's tests give one made of Debian packages.
{ pkgs ? import <nixpkgs> { }
, drydock ? pkgs.callPackage ../../nix/package.nix { }
, # A registry from which the examples of pulled images pull: { name; digest; hash; }
  pulled ? null
}:
let
  dockerTools = import ../../nix { inherit pkgs drydock; };
  call = file: import file { inherit pkgs dockerTools examples pulled; };
  examples = call ./programs.nix // call ./layers.nix // call ./bases.nix // call ./archives.nix // call ./names.nix // call ./nix-in-images.nix // call ./scripts.nix
    // call ./nix-shell.nix;
in
examples
