# SPDX-License-Identifier: Apache-2.0
# Layers that are derivations of their own: Nix builds them wherever it builds, and shares them through its caches.
{ check, closureInfo, lib, parts, runCommand, ... }:
let
  inherit (check.types) list paths string;

  rules = parts.owner // {
    name = { type = string; default = "layer"; };
    contents.type = paths;
    # Layers below this one: what they have is left out.
    layers = { type = list; default = [ ]; };
  };

  closureOf = roots: "${closureInfo { rootPaths = roots; }}/store-paths";
in
{
  # The closure of packages, less that of the layers below, as a tar.
  #
  # It depends on these packages alone, and not on an image: images that have it in common share it.
  buildLayer = lib.makeOverridable (given:
    let
      arguments = check.arguments "buildLayer" rules given;
      roots = parts.storePaths arguments.contents;
      below = lib.concatMapStringsSep " " (layer: closureOf layer.roots) (map checked arguments.layers);
      checked = layer:
        if layer ? roots then layer
        else check.fail "buildLayer" "argument 'layers' must be a list of what buildLayer makes";
    in
    runCommand "${arguments.name}-layer" { passthru = { inherit roots; }; } ''
      mkdir $out
      sort -u ${closureOf roots} >wanted
      cat ${below} /dev/null | sort -u >present
      comm -23 wanted present | cut -c 2- >paths
      tar --create --file $out/layer.tar --directory / --files-from paths --sort=name --mtime=@1 --hard-dereference \
        --owner=${lib.escapeShellArg arguments.uname}:${toString arguments.uid} \
        --group=${lib.escapeShellArg arguments.gname}:${toString arguments.gid}
    '');
}
