# SPDX-License-Identifier: Apache-2.0
# One image of a whole closure, as the Nix library makes it and as an equivalent expression makes it whose builders run
# the Python reference. `contents` is a store path, and `salt` is in both, so that none was built before.
{ lockFile, packages, program, digest, contents, salt, size }:
let
  inherit (import ../../Tests/NixLibraryTests/Fixtures/images.nix { inherit lockFile packages program digest; }) pkgs;
  inherit (pkgs) lib runCommand writeText writeScript;
  library = import ../../nix { inherit pkgs; inherit (pkgs) drydock; };
  image = {
    name = "bench";
    tag = "latest";
    contents = builtins.storePath contents;
    config.Labels.salt = salt;
  };
  archive = compressor: library.buildLayeredImage (image // { inherit compressor; });
in
{
  archive = archive "none";
  gzip = archive "gz";
  stream = library.streamLayeredImage image;
  image = library.image image;

  # No builder can be faster: what Nix itself does with an output of this size.
  floor = runCommand "floor" { inherit salt; } "head -c ${size} /dev/zero >$out";

  reference = rec {
    tools = runCommand "docker-tools" { } ''
      mkdir $out
      cp ${./docker_tools.py} $out/docker_tools.py
      cp ${../../Tests/DrydockTestSupport/Fixtures/docker_tools_layers.py} $out/docker_tools_layers.py
      cp ${../../Tests/DrydockTestSupport/Fixtures/reference_layer.py} $out/reference_layer.py
    '';
    python = "${pkgs.python3}/bin/python3 -B ${tools}/docker_tools.py";
    base = writeText "base.json" (builtins.toJSON { architecture = "amd64"; os = "linux"; inherit (image) config; });
    customisation = runCommand "customisation-layer" { } ''
      mkdir $out root
      linkTree ${image.contents} root
      tar --sort=name --numeric-owner --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --hard-dereference -C root \
        -cf $out/layer.tar .
      sha256sum $out/layer.tar | cut -d ' ' -f 1 >$out/checksum
    '';
    layers = pkgs.stdenv.mkDerivation {
      name = "layers.json";
      __structuredAttrs = true;
      exportReferencesGraph.graph = [ base customisation ];
      ignored = [ "${base}" "${customisation}" ];
      limit = 99;
      buildCommand = "${python} layers";
    };
    conf = writeText "conf.json" (builtins.toJSON {
      base = "${base}";
      layers = "${layers}";
      customisation = "${customisation}";
      tag = "bench:latest";
    });
    stream = writeScript "stream" ''
      #!${pkgs.runtimeShell}
      exec ${python} stream ${conf}
    '';
    archive = runCommand "bench.tar" { } "${stream} >$out";
    gzip = runCommand "bench.tar.gz" { } "${stream} | ${pkgs.pigz}/bin/pigz -p\${NIX_BUILD_CORES:-1} -nTR >$out";
  };
}
