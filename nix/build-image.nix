# SPDX-License-Identifier: Apache-2.0
# buildImage: what is particular to the image is copied to its root, and the store paths that it mentions are one layer.
{ check, coreutils, drydock, lib, library, parts, programs, runCommand, ... }:
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
    runAsRoot = { type = nullOr string; default = null; };
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
      # A script in the whole root file system runs where the base image is known: in the build of the image.
      isRoot = arguments.runAsRoot != null;
      hasScript = arguments.extraCommands != "" && !isRoot;
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
        inherit asksStore;
        inherit (arguments) extraCommands;
        inherit owner;
      };
      changed = common // {
        copyToRoot = "${ownLayer}/layer.tar";
        keepContentsDirlinks = true;
        files = [ ];
        includeNixDB = false;
      };
      asksStore = parts.asksStore "buildImage" arguments;
      spec = parts.spec {
        name = "${base}-conf.json";
        inherit asksStore;
        attributes = (if hasScript then changed else common) // parts.baseSpec arguments
          // lib.optionalAttrs isRoot {
            runAsRoot = "export PATH=${coreutils}/bin:/bin:$PATH\n" + arguments.runAsRoot;
            inherit (arguments) extraCommands;
          } // {
            layering = "single";
            storeOwner = { };
          };
      };
      # A script needs a shell, which an image may lack.
      prelude = lib.optionalString isRoot "export PATH=${programs.busybox}/bin:$PATH";
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
            leastLayers = parts.leastLayers {
              inherit (arguments) fromImage;
              isOwn = copyToRoot != [ ] || arguments.files != [ ] || hasScript || isRoot;
            };
            layer = parts.layer base spec prelude;
            imageTag = if arguments.tag == null then parts.hashPart image else arguments.tag;
          };
        } ''
        tag=$imageTag
        ${prelude}
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
