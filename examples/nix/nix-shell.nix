# SPDX-License-Identifier: Apache-2.0
# Images of a derivation's environment.
{ pkgs, dockerTools, ... }:
let
  image = name: arguments: dockerTools.streamNixShellImage ({ name = "nix-shell-${name}"; tag = "latest"; } // arguments);
in
{
  nix-shell-basic = image "basic" { drv = pkgs.hello; };

  nix-shell-hook = image "hook" {
    drv = pkgs.mkShell {
      shellHook = ''
        echo "This is the shell hook!"
        exit
      '';
    };
  };
  nix-shell-inputs = image "inputs" {
    drv = pkgs.mkShell { nativeBuildInputs = [ pkgs.hello ]; };
    command = "hello";
  };
  nix-shell-pass-as-file = image "pass-as-file" {
    drv = pkgs.mkShell { str = "this is a string"; passAsFile = [ "str" ]; };
    command = "cat \"$strPath\"";
  };
  nix-shell-run = image "run" {
    drv = pkgs.mkShell { };
    run = ''
      case "$-" in
      *i*) echo This shell is interactive ;;
      *) echo This shell is not interactive ;;
      esac
    '';
  };
  nix-shell-command = image "command" {
    drv = pkgs.mkShell { };
    command = ''
      case "$-" in
      *i*) echo This shell is interactive ;;
      *) echo This shell is not interactive ;;
      esac
    '';
  };
  nix-shell-writable-home = image "writable-home" {
    drv = pkgs.mkShell { };
    run = ''
      if [ "$HOME" != "$NIX_BUILD_TOP" ] && [ "$HOME" != "/build" ]; then exit 1; fi
      touch "$HOME/test-file" && echo written
    '';
  };
  nix-shell-nonexistent-home = image "nonexistent-home" {
    drv = pkgs.mkShell { };
    homeDirectory = "/homeless-shelter";
    run = ''
      if [ "$HOME" != "/homeless-shelter" ] || [ -e "$HOME" ]; then exit 1; fi
      echo none
    '';
  };
  nix-shell-build-derivation = image "build-derivation" {
    drv = pkgs.hello;
    run = ''
      buildDerivation
      "$out/bin/hello"
    '';
  };
}
