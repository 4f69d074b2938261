# SPDX-License-Identifier: Apache-2.0
# Images in layers: streamLayeredImage and what stands on it.
{ check, drydock, lib, library, parts, runCommand, shell, writeScript, writeScriptBin, ... }:
let
  inherit (check.types) anything attributes bool number nullOr paths string;
  inherit (parts) command;

  rules = parts.common // parts.owner // {
    contents = { type = paths; default = [ ]; };
    mtime = { type = string; default = "1970-01-01T00:00:01Z"; hint = ": 'now', or a time such as 2024-02-29T12:00:00Z"; };
    maxLayers = {
      type = number 2 125;
      default = 100;
      hint = ": one for what is particular to the image and at least one for store paths, and Docker loads 125";
    };
    fakeRootCommands = { type = string; default = ""; };
    enableFakechroot = { type = bool; default = false; };
    includeStorePaths = { type = bool; default = true; };
    # true for one of each package of contents; or what buildLayer makes, the lowest first.
    layers = {
      type = { name = "true, false or a list of layers"; is = value: builtins.isBool value || builtins.isList value; };
      default = false;
      hint = "; buildLayer makes one";
    };
    layeringPipeline = { type = nullOr anything; default = null; };
    layering = { type = nullOr anything; default = null; };
    passthru = { type = attributes; default = { }; };
    debug = { type = bool; default = false; };
  };

  pipeline = given:
    if given == null || builtins.isList given then given
    else builtins.fromJSON (builtins.readFile given);

  # All that follows from the arguments of an image in layers.
  describe = function: given:
    let
      arguments = check.arguments function rules given;
      base = parts.baseName arguments.name;
      contents = parts.storePaths arguments.contents;
      hasScript = arguments.extraCommands != "" || arguments.fakeRootCommands != "";

      common = parts.commonSpec function arguments // {
        inherit (arguments) mtime includeStorePaths;
        contents = map (package: { nix = package; }) contents;
      };
      ownLayer = parts.customisation {
        name = base;
        attributes = common // { includeStorePaths = arguments.includeNixDB; };
        inherit asksStore;
        inherit (arguments) extraCommands fakeRootCommands enableFakechroot;
      };
      # What a script has seen is in its result: links, files and the database.
      changed = common // {
        contents = map (package: { nix = package; links = false; }) contents;
        copyToRoot = "${ownLayer}/layer.tar";
        files = [ ];
        includeNixDB = false;
      };
      owner = { inherit (arguments) uid gid uname gname; };
      # Each has what those below it lack.
      separate = builtins.foldl'
        (below: package: below ++ [ (library.buildLayer (owner // { name = parts.packageName package; contents = package; layers = below; })) ])
        [ ]
        (parts.asList arguments.contents);
      layers = if arguments.layers == true then separate else if arguments.layers == false then [ ] else arguments.layers;
      # They are the layers of a base image that is planned with this one and never written by itself.
      layersBelow = parts.specFile "${base}-layers.json" ({
        inherit (common) name mtime architecture variant;
        contents = map (layer: { archive = "${layer}/layer.tar"; }) layers;
      } // parts.baseSpec arguments);
      below =
        if layers == [ ] then parts.baseSpec arguments
        else { fromImage = "${layersBelow}"; "inherit" = arguments.inheritance; };
      untagged = (if hasScript then changed else common) // below // {
        inherit (arguments) layering;
        maxLayers = checkedLayers;
        layeringPipeline = pipeline arguments.layeringPipeline;
        storeOwner = if owner == { uid = 0; gid = 0; uname = "root"; gname = "root"; } then null else owner;
      };
      asksStore = parts.asksStore function arguments;
      leastLayers = parts.leastLayers {
        inherit (arguments) fromImage;
        isOwn = contents != [ ] || arguments.files != [ ] || hasScript;
      };
      checkedLayers =
        let least = parts.leastLayers { inherit (arguments) fromImage; isOwn = false; };
        in
        if arguments.fromImage == null || arguments.layeringPipeline != null || arguments.maxLayers > least then arguments.maxLayers
        else check.fail function (
          "argument 'maxLayers' is ${toString arguments.maxLayers}, but 'fromImage' alone has at least ${toString least} layers; "
          + "give a higher number, at most 125"
        );
      spec = parts.spec { name = "${base}-conf.json"; attributes = untagged; inherit asksStore; };
    in
    rec {
      inherit arguments base;
      imageName = parts.imageName arguments.name;
      # The tag is that of the description, whatever is made of it: all forms of one image have one tag.
      imageTag = if arguments.tag == null then parts.hashPart spec.file else arguments.tag;
      file = parts.specFile "${base}-image.json" (untagged // { tag = imageTag; });
      options = spec.optionsOf file;
      passthru = { inherit imageTag layers leastLayers; conf = file; } // lib.optionalAttrs hasScript { layer = ownLayer; } // arguments.passthru;
    };

  script = call: ''
    #!${shell}
    set -euo pipefail
    ${call}
  '';

  streamOf = image:
    let
      plan = lib.optionalString image.arguments.debug "${command} plan ${image.options} >&2\n";
      text = writeScript "stream-${image.base}" (script "${plan}exec ${command} stream ${image.options} \"$@\"");
    in
    text // {
      inherit (image) imageName;
      inherit (image.arguments) meta;
      isExe = true;
      streamScript = text;
      passthru = image.passthru // { isExe = true; streamScript = text; };
    } // image.passthru;

  streamLayeredImage = given: streamOf (describe "streamLayeredImage" given);

  buildLayeredImage = given:
    let
      inherit (check.arguments "buildLayeredImage" (rules // { inherit (parts) compressor; }) given) compressor;
      image = describe "buildLayeredImage" (removeAttrs given [ "compressor" ]);
      stream = streamOf image;
    in
    runCommand "${image.base}.tar${parts.extension compressor}"
      {
        inherit (image) imageName;
        inherit (image.arguments) meta;
        passthru = image.passthru // { inherit stream; };
      } ''
      ${command} build ${image.options} ${parts.building} --compress ${parts.compression compressor} -o docker-archive:$out
    '';

  # An image that is its description, of a few kilobytes, and the programs that bring it somewhere.
  imageOf = given:
    let
      image = describe "image" given;
      stream = streamOf image;
      # The first argument may be another name, with or without its transport.
      withReference = transport: ''
        reference=${lib.escapeShellArg "${image.imageName}:${image.imageTag}"}
        if [ $# != 0 ] && [ "''${1#-}" = "$1" ]; then reference=''${1#${transport}}; shift; fi
        exec ${command} build ${image.options} -o "${transport}$reference" "$@"
      '';
      program = name: call: writeScriptBin name (script call) // { meta.mainProgram = name; };
    in
    image.file // {
      inherit (image) imageName;
      inherit (image.arguments) meta;
      inherit stream;
      passthru = image.passthru // { inherit stream; };
      # DEST is any that `drydock build -o` takes.
      copyTo = program "copy-to" ''
        if [ $# = 0 ]; then echo "usage: copy-to DEST [OPTION…]; DEST as 'drydock build --help' tells" >&2; exit 64; fi
        destination=$1
        shift
        exec ${command} build ${image.options} -o "$destination" "$@"
      '';
      # By default to the image's own name; what the registry has is not sent.
      copyToRegistry = program "copy-to-registry" (withReference "docker://");
      copyToDockerDaemon = program "copy-to-docker-daemon" (withReference "docker-daemon:");
      copyToPodman = program "copy-to-podman" "${stream} \"$@\" | podman load";
    } // image.passthru;
in
builtins.mapAttrs (name: lib.makeOverridable) {
  inherit streamLayeredImage buildLayeredImage;
  image = imageOf;
  buildLayeredImageWithNixDb = given: buildLayeredImage (given // { includeNixDB = true; });
}
