# SPDX-License-Identifier: Apache-2.0
# Archives that are there already.
{ check, lib, parts, runCommand, ... }:
let
  inherit (parts) command;

  # How the archive that one becomes is compressed: as the last of them.
  compressionOf = image:
    let
      name = if builtins.isAttrs image then image.name else baseNameOf (toString image);
      ends = suffix: lib.hasSuffix suffix name;
    in
    if ends ".gz" then "gzip" else if ends ".zst" then "zstd" else "none";
in
{
  # Several archives as one, with all their tags. Layers that they share are there once.
  mergeImages = images:
    if !builtins.isList images || images == [ ] then check.fail "mergeImages" "expected a list of at least one image"
    else if builtins.any (image: image.isExe or false) images then
      check.fail "mergeImages" "a stream is a program and no archive; give the image that buildLayeredImage makes"
    else
      runCommand "merge-docker-images" { } ''
        ${command} merge ${lib.concatMapStringsSep " " (image: "docker-archive:${image}") images} \
          --progress plain --compress ${compressionOf (lib.last images)} -o docker-archive:$out
      '';
}
