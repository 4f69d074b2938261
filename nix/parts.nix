# SPDX-License-Identifier: Apache-2.0
# What the functions share: arguments that mean the same everywhere, specs, and calls of the command.
{ check, drydock, lib, platform, programs, shell, runCommand, writeText, closureInfo, ... }:
let
  inherit (check.types) anything attributes bool integer list nullOr oneOf path paths string;
in
rec {
  command = "${drydock}/bin/drydock";

  # Arguments of all functions that make an image.
  common = {
    name.type = string;
    tag = { type = nullOr string; default = null; };
    fromImage = { type = nullOr path; default = null; };
    # Beyond dockerTools, which takes over the environment alone: "dockerfile" is everything, as FROM does.
    inheritance = { type = oneOf [ "env" "dockerfile" ]; default = "env"; };
    config = { type = nullOr attributes; default = null; };
    architecture = { type = string; default = platform.architecture; };
    variant = { type = nullOr string; default = platform.variant; };
    created = { type = string; default = "1970-01-01T00:00:01Z"; hint = ": 'now', or a time such as 2024-02-29T12:00:00Z"; };
    extraCommands = { type = string; default = ""; };
    includeNixDB = { type = bool; default = false; };
    # Not from the build's inputs but from the store of the machine that builds, or that runs a stream: it has the signatures.
    includeNixDBHostSignatures = { type = bool; default = false; };
    # Beyond dockerTools.
    files = { type = list; default = [ ]; };
    annotations = { type = attributes; default = { }; };
    meta = { type = attributes; default = { }; };
  };

  # Whose the store paths of an image are.
  owner = {
    uid = { type = integer; default = 0; };
    gid = { type = integer; default = 0; };
    uname = { type = string; default = "root"; };
    gname = { type = string; default = "root"; };
  };

  compressor = { type = oneOf [ "none" "gz" "zstd" ]; default = "gz"; };
  extension = compressor: { none = ""; gz = ".gz"; zstd = ".zst"; }.${compressor};
  compression = compressor: { none = "none"; gz = "gzip"; zstd = "zstd"; }.${compressor};

  # The repository's name, and the name that store paths get.
  imageName = name: lib.toLower name;
  baseName = name: baseNameOf name;

  # What a layer of a package is called.
  packageName = package:
    if builtins.isAttrs package && package ? name then package.name
    else let base = baseNameOf (toString package); in if builtins.isPath package then base else builtins.substring 33 (-1) base;

  # The 32 digits of a store path.
  hashPart = path: builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext "${path}"));

  asList = value: if builtins.isList value then value else [ value ];
  # A path of the source becomes a store path.
  storePaths = value: map (each: "${each}") (asList value);
  withoutNull = lib.filterAttrs (name: value: value != null);

  # The keys of a spec that come from common arguments.
  commonSpec = function: arguments: {
    name = imageName arguments.name;
    config = check.config function arguments.config;
    inherit (arguments) created architecture variant files annotations includeNixDB;
  };

  # The keys of a spec that come from a base image.
  baseSpec = arguments: lib.optionalAttrs (arguments.fromImage != null) {
    fromImage = "docker-archive:${arguments.fromImage}";
    "inherit" = arguments.inheritance;
    fromImageName = arguments.fromImageName or null;
    fromImageTag = arguments.fromImageTag or null;
  };

  # Whether signatures are wanted, which only a database has.
  asksStore = function: arguments:
    if arguments.includeNixDBHostSignatures && !arguments.includeNixDB then
      check.fail function "'includeNixDBHostSignatures' says what is in the database of 'includeNixDB'; set that to true, too"
    else arguments.includeNixDBHostSignatures;

  # How many layers an image has at least, as far as its arguments tell. Of an archive from elsewhere nothing is known but
  # that it has one.
  leastLayers = { fromImage, isOwn }:
    let base = if fromImage == null then 0 else fromImage.leastLayers or 1;
    in if isOwn || base == 0 then base + 1 else base;

  specFile = name: attributes: writeText name (builtins.toJSON (withoutNull attributes));

  # A spec as the command reads it: a file, and what it refers to.
  #
  # The closure is a superset of the image's, which also has what only the scripts mention.
  # With `asksStore` it comes from the store's database instead, which the sandbox must be told of.
  spec = { name, attributes, asksStore ? false }:
    let
      file = specFile name attributes;
      closure = closureInfo { rootPaths = [ file ]; };
    in
    rec {
      inherit file;
      options = optionsOf file;
      # How the command is called for the same spec in another file, for example with a tag.
      optionsOf = file: if asksStore then "${file}" else "${file} --references-graph ${closure}/registration";
    };

  # In a build there is no home and so no memory, and lines serve better than bars.
  building = "--no-cache --progress plain \${NIX_BUILD_CORES:+--jobs $NIX_BUILD_CORES}";

  # That layer of a spec, for those who look at it.
  #
  # `prelude` is what scripts of the spec need.
  layer = name: spec: prelude: runCommand "docker-layer-${name}" { } ''
    mkdir $out
    ${prelude}
    ${command} layer ${spec.options} --no-cache -o $out/layer.tar
  '';

  # The layer with what is particular to an image, as a derivation; only scripts need it.
  #
  # `attributes` is the spec of the tree that the scripts find. What extraCommands leaves belongs to `owner`; what
  # fakeRootCommands leaves, to whom it says.
  customisation = { name, attributes, asksStore, extraCommands, owner ? { }, fakeRootCommands ? "", enableFakechroot ? false }:
    let
      before = spec { name = "${name}-contents.json"; inherit attributes asksStore; };
      hasFakeRoot = fakeRootCommands != "";
      proot = "${programs.proot}/bin/proot -r root -b /dev -b /proc -b /sys -b ${builtins.storeDir} -b \"$NIX_BUILD_TOP:/build\" -w /";
      asRoot = "${lib.optionalString enableFakechroot "${proot} "}${programs.fakeroot}/bin/fakeroot ${shell} -e ${./fake-root.sh}";
    in
    runCommand "${name}-customisation-layer"
      ({
        inherit extraCommands fakeRootCommands;
        result = builtins.toJSON ({
          inherit name;
          inherit (attributes) mtime;
          copyToRoot = if hasFakeRoot then "own.tar" else "root";
          keepContentsDirlinks = true;
        } // owner);
        passAsFile = [ "extraCommands" "fakeRootCommands" "result" "buildCommand" ];
      }) ''
      ${command} layer ${before.options} --no-cache -o contents.tar
      mkdir root $out
      tar -xf contents.tar -C root
      rm contents.tar
      chmod -R u+w root
      ( cd root; set -e; . "$extraCommandsPath" )
      ${lib.optionalString hasFakeRoot ''
        # A build's sandbox has no other users: whom a file belongs to is only remembered.
        export FAKEROOTDONTTRYCHOWN=1
        export tree=$PWD/root result=$PWD/own.tar excluded=
        ${lib.optionalString enableFakechroot ''
          # The build's directory appears at the place that it has in Nix' sandbox, also where the sandbox is relaxed: else
          # the directories above it would become part of the image.
          export tree=/ result=/build/own.tar excluded="./dev ./proc ./sys .${builtins.storeDir} ./build"
          export inside=/build fakeRootCommandsPath=/build/''${fakeRootCommandsPath##*/}
        ''}
        ${asRoot}
      ''}
      cp "$resultPath" result.json
      ${command} layer result.json --no-cache -o $out/layer.tar
    '';
}
