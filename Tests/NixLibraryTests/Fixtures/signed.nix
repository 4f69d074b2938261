# SPDX-License-Identifier: Apache-2.0
# Images with a database of Nix, and a store path in it that was never built before: `key` is in it.
{ lockFile, packages, program, digest, key }:
let
  inherit (import ./images.nix { inherit lockFile packages program digest; }) pkgs;
  library = import ../../../nix { inherit pkgs; inherit (pkgs) drydock; };
  signed = pkgs.writeText "signed" key;
  image = make: includeNixDBHostSignatures: make {
    name = "signed";
    tag = "latest";
    includeNixDB = true;
    config.Labels.signed = "${signed}";
    inherit includeNixDBHostSignatures;
  };
in
{
  inherit signed;
  single = image library.buildImage false;
  singleWithSignatures = image library.buildImage true;
  layered = image library.buildLayeredImage false;
  layeredWithSignatures = image library.buildLayeredImage true;
  streamWithSignatures = image library.streamLayeredImage true;
}
