# SPDX-License-Identifier: Apache-2.0
# Nix in images: a database in which their store paths are valid.
{ pkgs, dockerTools, ... }:
let
  environment = [ "NIX_PAGER=cat" "USER=nobody" "PATH=/bin" ];
  root = name: paths: pkgs.buildEnv { inherit name paths; };
in
{
  nix = dockerTools.buildImageWithNixDb {
    name = "nix";
    tag = "latest";
    copyToRoot = root "nix-root" [ pkgs.coreutils pkgs.bash pkgs.nix ];
    config.Env = environment;
  };
  nixLayered = dockerTools.buildLayeredImageWithNixDb {
    name = "nix-layered";
    contents = [ pkgs.coreutils pkgs.bash pkgs.nix ];
    config.Env = environment;
  };
  nix-layered = dockerTools.streamLayeredImage {
    name = "nix-layered";
    tag = "latest";
    contents = [ pkgs.coreutils pkgs.bash pkgs.nix ];
    config.Env = environment;
    includeNixDB = true;
  };

  # A file that only a script refers to.
  filesInStore = dockerTools.buildImageWithNixDb {
    name = "file-in-store";
    tag = "latest";
    copyToRoot = root "file-in-store-root" [
      pkgs.coreutils
      pkgs.nix
      (pkgs.writeScriptBin "myscript" ''
        #!${pkgs.bash}/bin/bash
        cat ${pkgs.writeText "somefile" "some data"}
      '')
    ];
    config = { Cmd = [ "myscript" ]; Env = environment; };
  };
}
