# SPDX-License-Identifier: Apache-2.0
# buildImage: what is particular to the image is copied to its root, and the store paths that it mentions are one layer.
{ check, drydock, lib, library, parts, runCommand, ... }:
let
  inherit (check.types) bool integer nullOr paths string;
  inherit (parts) command;

  rules = parts.common // {
    inherit (parts) compressor;
    fromImageName = { type = nullOr string; default = null; };
    fromImageTag = { type = nullOr string; default = null; };
    copyToRoot = { type = nullOr paths; default = null; };
    contents = { type = nullOr paths; default = null; };
    keepContentsDirlinks = { type = bool; default = false; };
    uid = { type = integer; default = 0; };
    gid = { type = integer; default = 0; };
    # Of the virtual machine that dockerTools starts for scripts; there is none here.
    diskSize = { type = integer; default = 1024; };
    buildVMMemorySize = { type = integer; default = 512; };
  };

  copied = arguments:
    if arguments.contents == null then arguments.copyToRoot
    else if arguments.copyToRoot != null then
      check.fail "buildImage" "'contents' and 'copyToRoot' mean the same; keep 'copyToRoot'"
    else
      lib.warn
        "drydock.buildImage: in the image '${arguments.name}' the argument 'contents' is an old name; write 'copyToRoot'"
        arguments.contents;

  buildImage = given:
    let
      arguments = check.arguments "buildImage" rules given;
      base = parts.baseName arguments.name;
      trees = copied arguments;
      copyToRoot = if trees == null then [ ] else parts.storePaths trees;
      hasScript = arguments.extraCommands != "";
      owner = { inherit (arguments) uid gid; };

      # Scripts and files run by the times that builds of Nix have.
      common = parts.commonSpec "buildImage" arguments // owner // {
        inherit copyToRoot;
        inherit (arguments) keepContentsDirlinks;
        mtime = "1980-01-01T00:00:00Z";
        # The database knows the closure of what is copied.
        contents = lib.optionals arguments.includeNixDB (map (package: { nix = package; links = false; }) copyToRoot);
      };
      ownLayer = parts.customisation {
        name = base;
        attributes = common;
        inherit (arguments) extraCommands;
        inherit owner;
      };
      changed = common // {
        copyToRoot = "${ownLayer}/layer.tar";
        keepContentsDirlinks = true;
        files = [ ];
        includeNixDB = false;
      };
      spec = parts.spec "${base}-conf.json" ((if hasScript then changed else common) // parts.baseSpec arguments // {
        layering = "single";
        storeOwner = { };
      });
      imageName = parts.imageName arguments.name;

      image = runCommand "docker-image-${base}.tar${parts.extension arguments.compressor}"
        {
          inherit imageName;
          inherit (arguments) meta;
          # With an automatic tag only the build knows it.
          imageTag = if arguments.tag == null then "" else arguments.tag;
          passthru = {
            buildArgs = given;
            inherit (arguments) fromImage;
            layer = parts.layer base spec;
            imageTag = if arguments.tag == null then parts.hashPart image else arguments.tag;
          };
        } ''
        tag=$imageTag
        if [ -z "$tag" ]; then tag=''${out##*/} tag=''${tag%%-*}; fi
        ${command} build ${spec.options} ${parts.building} --compress ${parts.compression arguments.compressor} \
          -o "docker-archive:$out:${imageName}:$tag"
      '';
    in
    image;
in
builtins.mapAttrs (name: lib.makeOverridable) {
  inherit buildImage;
  buildImageWithNixDb = given: buildImage (given // { includeNixDB = true; });
}
