# SPDX-License-Identifier: Apache-2.0
# Ten images whose layers are to be those of dockerTools, and what dockerTools would be told of them.
{ lockFile, packages, program, digest }:
let
  inherit (import ./images.nix { inherit lockFile packages program digest; }) pkgs;
  library = import ../../../nix { inherit pkgs; inherit (pkgs) drydock; };

  images = {
    hello = { contents = [ pkgs.hello ]; config.Cmd = [ "/bin/hello" ]; };
    shell = { contents = [ library.binSh library.usrBinEnv pkgs.coreutils ]; maxLayers = 4; };
    linked = {
      contents = [ (pkgs.buildEnv { name = "root"; paths = [ pkgs.bash pkgs.vim ]; pathsToLink = [ "/bin" ]; }) ];
      maxLayers = 7;
    };
    redis = {
      contents = [ pkgs.redis library.fakeNss ];
      config = { Cmd = [ "redis-server" ]; WorkingDir = "/data"; Volumes."/data" = { }; };
      maxLayers = 6;
    };
    nginx = {
      contents = [ library.fakeNss pkgs.nginx ];
      directories = [ "tmp/nginx_client_body" "var/log/nginx" ];
      config = {
        Cmd = [ "/bin/nginx" "-c" (pkgs.writeText "nginx.conf" "daemon off;") ];
        ExposedPorts."80/tcp" = { };
      };
      maxLayers = 10;
    };
    git = { contents = [ pkgs.git library.caCertificates ]; config.Env = [ "PAGER=${pkgs.nano}/bin/nano" ]; maxLayers = 20; };
    python = { contents = pkgs.python3; config.Entrypoint = [ "${pkgs.tini}/bin/tini" "--" ]; };
    editors = { contents = [ pkgs.vim pkgs.nano pkgs.bash ]; maxLayers = 9; };
    nix = { contents = [ pkgs.nix pkgs.coreutils pkgs.bash ]; config.Env = [ "USER=nobody" "PATH=/bin" ]; maxLayers = 13; };
    # Nothing at the root at all.
    configuration = { config.Cmd = [ "${pkgs.emacs}/bin/emacs" "--batch" ]; maxLayers = 5; };
  };

  description = name: { contents ? [ ], config ? { }, directories ? [ ], maxLayers ? 100 }:
    let
      image = division: library.image (
        { inherit name contents config maxLayers; tag = "latest"; } // division
        // (if directories == [ ] then { } else { extraCommands = "mkdir -p ${toString directories}"; })
      );
      copyTo = division: "${(image division).copyTo}/bin/copy-to";
    in
    {
      inherit config directories maxLayers;
      contents = map (each: "${each}") (pkgs.lib.toList contents);
      sizeFirst = copyTo { layering = "sizeFirst"; };
      popularity = copyTo { layeringPipeline = [ [ "popularity_contest" ] [ "limit_layers" (maxLayers - 1) ] ]; };
    };
in
pkgs.writeText "shared-layers.json" (builtins.toJSON (builtins.mapAttrs description images))
