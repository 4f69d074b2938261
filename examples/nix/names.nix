# SPDX-License-Identifier: Apache-2.0
# Names and tags.
{ pkgs, dockerTools, ... }:
{
  # Without a tag, an image has one that changes whenever it does.
  bashNoTag = dockerTools.buildImage {
    name = "bash-no-tag";
    copyToRoot = pkgs.bashInteractive;
  };
  bashNoTagLayered = dockerTools.buildLayeredImage {
    name = "bash-no-tag-layered";
    contents = pkgs.bashInteractive;
  };
  bashNoTagStreamLayered = dockerTools.streamLayeredImage {
    name = "bash-no-tag-stream-layered";
    contents = pkgs.bashInteractive;
  };

  # A name with the registry in it.
  prefixedImage = dockerTools.buildImage {
    name = "registry-1.docker.io/image";
    tag = "latest";
    config.Cmd = [ "${pkgs.hello}/bin/hello" ];
  };
  prefixedLayeredImage = dockerTools.buildLayeredImage {
    name = "registry-1.docker.io/layered-image";
    tag = "latest";
    config.Cmd = [ "${pkgs.hello}/bin/hello" ];
  };
}
