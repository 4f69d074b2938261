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
  # Its layers are derivations of their own: each is built where there is room.
  separate = library.buildLayeredImage {
    name = "separate";
    tag = "latest";
    config.Labels.salt = salt;
    layers = map (package: library.buildLayer { name = "${package.name}-${builtins.hashString "md5" salt}"; contents = package; }) [
      (salted "one" pkgs.bash)
      (salted "two" pkgs.tini)
    ];
  };
  salted = name: package: pkgs.writeText name "${salt} ${package}";
in
[
  (image "hello" [ pkgs.hello ])
  (image "shell" [ pkgs.bash pkgs.coreutils ])
  (image "busybox" [ pkgs.busybox ])
  (image "tini" [ pkgs.tini pkgs.bash ])
  separate
] ++ separate.layers
