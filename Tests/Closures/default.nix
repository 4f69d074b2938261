# SPDX-License-Identifier: Apache-2.0
# Debian packages as Nix store paths, without nixpkgs; scripts/closures calls this.
#
# The lock file says which packages there are; recipes.json what they need beside unpacking.
{ lockFile
, packages # the directory of the downloaded .deb files
, bump ? { } # { NAME = "tag"; }: that package changes in one small file, and so does everything that refers to it
}:
let
  lock = builtins.fromJSON (builtins.readFile lockFile);
  recipes = builtins.fromJSON (builtins.readFile ./recipes.json);

  builder = builtins.path {
    name = "builder";
    path = ./builder;
    filter = path: type: builtins.match ".*\\.py" path != null;
  };
  python = {
    system = "x86_64-linux";
    builder = "/usr/bin/python3";
    args = [ "-IB" "${builder}/build.py" ];
    PATH = "/usr/bin:/bin";
    passAsFile = [ "dependencies" "fixups" ];
  };

  # A fixed output: its path is the same wherever the downloads lie.
  source = deb: import <nix/fetchurl.nix> {
    name = deb.file;
    inherit (deb) sha256;
    url = "file://${toString packages}/${deb.file}";
  };

  lines = builtins.concatStringsSep "\n";
  pairs = names: lines (map (name: "${name}=${all.${name}}") names);

  package = name: locked: derivation (python // {
    name = "${name}-${locked.version}" + (if bump ? ${name} then "-bump${bump.${name}}" else "");
    packageName = name;
    srcs = map source locked.debs;
    dependencies = pairs (locked.direct ++ locked.indirect);
    fixups = builtins.toJSON (recipes.fixups.${name} or { });
    bump = bump.${name} or "";
    keepDepends =
      if builtins.elem name recipes.keepDepends
      then lines (map (dependency: "${all.${dependency}}") (builtins.filter (each: each != "bash") locked.direct))
      else "";
  });

  all = builtins.mapAttrs package lock.packages;
in
derivation (python // {
  name = "closures-${lock.set}";
  packageName = "closures";
  mode = "farm";
  dependencies = lines (builtins.attrValues (builtins.mapAttrs (alias: name: "${alias}=${all.${name}}") lock.names));
  fixups = "{}";
}) // {
  # The packages by the names of programs.
  programs = builtins.mapAttrs (alias: name: all.${name}) lock.names;
}
