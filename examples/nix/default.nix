# SPDX-License-Identifier: Apache-2.0
# The examples of nixpkgs' dockerTools, by their names, with Drydock.
#
#   nix-build examples/nix -A redis && docker load <result
#
# `pkgs` is nixpkgs, or any set that has the programs below; the project's tests give one made of Debian packages.
{ pkgs ? import <nixpkgs> { }
, drydock ? pkgs.callPackage ../../nix/package.nix { }
, # The image of the examples that pull one, as 'drydock prefetch' prints it.
  pulled ? null
}:
let
  dockerTools = import ../../nix { inherit pkgs drydock; };
  call = file: import file { inherit pkgs dockerTools examples pulled; };
  examples = builtins.foldl' (all: file: all // call file) { } [
    ./programs.nix ./layers.nix ./bases.nix ./archives.nix ./names.nix ./nix-in-images.nix ./scripts.nix ./nix-shell.nix
    ./pulled.nix
  ];
in
examples
