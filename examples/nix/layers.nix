# SPDX-License-Identifier: Apache-2.0
# How store paths are divided over layers.
{ pkgs, dockerTools, ... }:
rec {
  layered-image = dockerTools.buildLayeredImage {
    name = "layered-image";
    tag = "latest";
    extraCommands = "echo layered > extraCommands";
    config.Cmd = [ "${pkgs.hello}/bin/hello" ];
    contents = [ pkgs.hello pkgs.bash pkgs.coreutils ];
  };

  # Shares layers with the one above.
  another-layered-image = dockerTools.buildLayeredImage {
    name = "another-layered-image";
    tag = "latest";
    config.Cmd = [ "${pkgs.hello}/bin/hello" ];
  };

  # The layers that dockerTools makes.
  layersBySize = dockerTools.buildLayeredImage {
    name = "layers-by-size";
    tag = "latest";
    compressor = "none";
    contents = [ pkgs.nginx ];
    layering = "sizeFirst";
    maxLayers = 6;
  };

  # Layers that are derivations of their own, one for each package.
  separate-layers = dockerTools.buildLayeredImage {
    name = "separate-layers";
    tag = "latest";
    layers = true;
    contents = [ pkgs.coreutils pkgs.bash pkgs.hello ];
    config.Cmd = [ "/bin/hello" ];
  };

  # As few as there can be: one of store paths, and what is particular to the image.
  two-layered-image = dockerTools.buildLayeredImage {
    name = "two-layered-image";
    tag = "latest";
    config.Cmd = [ "${pkgs.hello}/bin/hello" ];
    contents = [ pkgs.bash pkgs.hello ];
    maxLayers = 2;
  };
  bulk-layer = dockerTools.buildLayeredImage {
    name = "bulk-layer";
    tag = "latest";
    contents = [ pkgs.coreutils pkgs.hello ];
    maxLayers = 2;
  };

  # No store paths at all: what is copied refers to nothing.
  no-store-paths = dockerTools.buildLayeredImage {
    name = "no-store-paths";
    tag = "latest";
    extraCommands = ''
      cp -r ${pkgs.pkgsStatic.busybox}/. .
      chmod -R u+w .
      # A program that only the build needs.
      ${pkgs.hello}/bin/hello
    '';
  };

  # A store path that is a link.
  layeredStoreSymlink =
    let
      target = pkgs.writeTextDir "dir/target" "Content doesn't matter.";
      symlink = pkgs.runCommand "symlink" { } "ln -s ${target} $out";
    in
    dockerTools.buildLayeredImage {
      name = "layeredstoresymlink";
      tag = "latest";
      contents = [ pkgs.bash symlink ];
      passthru = { inherit symlink; };
    };
}
