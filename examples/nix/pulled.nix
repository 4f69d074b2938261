# SPDX-License-Identifier: Apache-2.0
# Images of a registry, pinned by their digest and the hash of their archive.
{ pkgs, dockerTools, pulled, ... }:
rec {
  # What 'drydock prefetch nixos/nix:2.2.1' prints is what pullImage takes.
  nixFromDockerHub = dockerTools.pullImage (
    if pulled != null then pulled
    else throw "the examples of pulled images need 'pulled': nix-build examples/nix --arg pulled \"$(drydock prefetch nixos/nix:2.2.1)\""
  );
  # The same: its hash does not depend on the version of a program, and so it is never fetched again.
  testNixFromDockerHub = nixFromDockerHub;

  onTopOfPulledImage = dockerTools.buildImage {
    name = "onTopOfPulledImage";
    tag = "latest";
    fromImage = nixFromDockerHub;
    copyToRoot = [ pkgs.hello ];
  };
}
