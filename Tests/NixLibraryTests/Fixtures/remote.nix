# SPDX-License-Identifier: Apache-2.0
# Images that were never built before: `salt` is in each of them.
{ lockFile, packages, program, digest, salt }:
let
  inherit (import ./images.nix { inherit lockFile packages program digest; }) pkgs;
  library = import ../../../nix { inherit pkgs; inherit (pkgs) drydock; };
  image = name: contents: library.buildLayeredImage {
    inherit name contents;
    tag = "latest";
    config.Labels.salt = salt;
  };
in
[
  (image "hello" [ pkgs.hello ])
  (image "shell" [ pkgs.bash pkgs.coreutils ])
  (image "busybox" [ pkgs.busybox ])
  (image "tini" [ pkgs.tini pkgs.bash ])
]
