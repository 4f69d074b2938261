# SPDX-License-Identifier: Apache-2.0
# Archives that are there already.
{ check, lib, parts, runCommand, ... }:
let
  inherit (check.types) integer nullOr path string;
  inherit (parts) command;

  # How the archive that one becomes is compressed: as the last of them.
  compressionOf = image:
    let
      name = if builtins.isAttrs image then image.name else baseNameOf (toString image);
      ends = suffix: lib.hasSuffix suffix name;
    in
    if ends ".gz" then "gzip" else if ends ".zst" then "zstd" else "none";

  located = image: name: tag:
    "docker-archive:${image}" + lib.optionalString (name != null) ":${name}:${if tag == null then "latest" else tag}";
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

  # The root file system of an image as a plain tar, for 'docker import'.
  exportImage = given:
    let
      arguments = check.arguments "exportImage" rules given;
      rules = {
        fromImage.type = path;
        fromImageName = { type = nullOr string; default = null; };
        fromImageTag = { type = nullOr string; default = null; };
        name = {
          type = string;
          default = given.fromImage.name or (check.fail "exportImage" "missing argument 'name': 'fromImage' is a path without one");
        };
        # Of a virtual machine that is not needed.
        diskSize = { type = integer; default = 1024; };
      };
    in
    runCommand arguments.name { } ''
      ${command} export --compress none ${located arguments.fromImage arguments.fromImageName arguments.fromImageTag} -o $out
    '';
}
