# SPDX-License-Identifier: Apache-2.0
# Images on top of others.
{ pkgs, dockerTools, examples, ... }:
let
  binaries = name: paths: pkgs.buildEnv { inherit name paths; pathsToLink = [ "/bin" ]; };
  onTop = name: {
    inherit name;
    tag = "latest";
    fromImage = examples.layered-image;
    extraCommands = ''
      mkdir ./example-output
    '';
    config = {
      Env = [ "PATH=${pkgs.coreutils}/bin/" ];
      WorkingDir = "/example-output";
      Cmd = [ "${pkgs.bash}/bin/bash" "-c" "echo hello > foo; cat foo" ];
    };
  };
  environment = name: {
    inherit name;
    tag = "latest";
    fromImage = examples.environmentVariablesParent;
    config.Env = [ "FROM_CHILD=true" "LAST_LAYER=child" ];
  };
in
rec {
  # A service on top of a shell.
  redis = dockerTools.buildImage {
    name = "redis";
    tag = "latest";
    fromImage = examples.bash;
    copyToRoot = binaries "redis-root" [ pkgs.redis ];
    runAsRoot = ''
      mkdir -p /data
    '';
    config = {
      Cmd = [ "/bin/redis-server" ];
      WorkingDir = "/data";
      Volumes."/data" = { };
    };
  };

  # An image with one layer on an image in layers, and an image in layers on one.
  layered-on-top = dockerTools.buildImage (onTop "layered-on-top");
  layered-on-top-layered = dockerTools.buildLayeredImage (onTop "layered-on-top-layered");

  # Three on top of each other: the upper layers do not hide what the lower ones brought.
  layersOrder =
    let
      first = dockerTools.buildImage {
        name = "l1";
        tag = "latest";
        extraCommands = ''
          mkdir -p tmp
          echo layer1 > tmp/layer1
          echo layer1 > tmp/layer2
          echo layer1 > tmp/layer3
        '';
      };
      second = dockerTools.buildImage {
        name = "l2";
        tag = "latest";
        fromImage = first;
        extraCommands = ''
          mkdir -p tmp
          echo layer2 > tmp/layer2
          echo layer2 > tmp/layer3
        '';
      };
    in
    dockerTools.buildImage {
      name = "l3";
      tag = "latest";
      fromImage = second;
      copyToRoot = binaries "l3-root" [ pkgs.coreutils ];
      extraCommands = ''
        mkdir -p tmp
        echo layer3 > tmp/layer3
      '';
    };

  # The environment of the base is the only thing that an image takes over.
  environmentVariablesParent = dockerTools.buildImage {
    name = "parent";
    tag = "latest";
    config.Env = [ "FROM_PARENT=true" "LAST_LAYER=parent" ];
  };
  environmentVariables = dockerTools.buildImage (environment "child" // { copyToRoot = [ pkgs.coreutils ]; });
  environmentVariablesLayered = dockerTools.buildLayeredImage (environment "child-layered" // { contents = [ pkgs.coreutils ]; });

  # The layers of the base count.
  layered-bulk-layer = dockerTools.buildLayeredImage {
    name = "layered-bulk-layer";
    tag = "latest";
    fromImage = examples.two-layered-image;
    contents = [ pkgs.coreutils pkgs.hello ];
    maxLayers = 4;
  };

  # On an archive that has one layer twice, the second time as a link to the first.
  repeatedLayer = dockerTools.buildLayeredImage {
    name = "repeated-layer";
    tag = "latest";
    contents = [ pkgs.bash ];
    fromImage = pkgs.runCommand "repeated-layer-base.tar" { } ''
      mkdir image layer
      cd layer
      echo repeated >repeated
      tar -cf ../layer.tar --sort=name --mtime=@1 --owner=0 --group=0 .
      cd ..
      digest=$(sha256sum layer.tar | cut -d " " -f 1)
      mkdir image/$digest image/again
      mv layer.tar image/$digest/layer.tar
      ln -s ../$digest/layer.tar image/again/layer.tar
      printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
        $digest $digest >image/config.json
      config=$(sha256sum image/config.json | cut -d " " -f 1)
      mv image/config.json image/$config.json
      printf '[{"Config":"%s.json","RepoTags":["base:latest"],"Layers":["%s/layer.tar","again/layer.tar"]}]' \
        $config $digest >image/manifest.json
      tar -cf $out -C image .
    '';
  };

  # Scripts that see the whole root file system, the base's files included.
  runAsRootExtraCommands = dockerTools.buildImage {
    name = "run-as-root-extra-commands";
    tag = "latest";
    fromImage = examples.bash;
    copyToRoot = binaries "extra-commands-root" [ pkgs.coreutils ];
    # In parentheses, which a shell must not see.
    runAsRoot = ''echo "(runAsRoot)" > runAsRoot'';
    extraCommands = ''echo "(extraCommand)" > extraCommands'';
  };
  runAsRootParentImage = dockerTools.buildImage {
    name = "run-as-root-parent-image";
    tag = "latest";
    runAsRoot = "touch /example-file";
    fromImage = examples.bash;
  };
  # A script in an image that has no program at all; what it refers to comes along.
  runAsRootLink = dockerTools.buildImage {
    name = "run-as-root-link";
    tag = "latest";
    runAsRoot = "ln -s ${pkgs.hello}/bin/hello /hello";
    config.Cmd = [ "/hello" ];
  };
  layersUnpackOrder =
    let
      layerOnTopOf = parent: layerName: dockerTools.buildImage {
        name = "layers-unpack-order-${layerName}";
        tag = "latest";
        fromImage = parent;
        copyToRoot = binaries "unpack-order-root" [ pkgs.coreutils pkgs.bash ];
        runAsRoot = ''
          #!${pkgs.runtimeShell}
          echo -n "${layerName}" >> /layer-order
        '';
      };
      layerA = layerOnTopOf null "a";
      layerB = layerOnTopOf layerA "b";
    in
    layerOnTopOf layerB "c";
}
