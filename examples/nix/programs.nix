# SPDX-License-Identifier: Apache-2.0
# Programs and services.
{ pkgs, dockerTools, ... }:
let
  binaries = name: paths: pkgs.buildEnv { inherit name paths; pathsToLink = [ "/bin" ]; };

  nginxImage = {
    name = "nginx-container";
    tag = "latest";
    contents = [ dockerTools.fakeNss pkgs.nginx ];
    # nginx writes here even when it logs to standard error.
    extraCommands = ''
      mkdir -p tmp/nginx_client_body var/log/nginx var/lib/nginx
      chmod 1777 tmp
    '';
    config = {
      Cmd = [ "/bin/nginx" "-e" "stderr" "-c" nginxConfiguration ];
      ExposedPorts."80/tcp" = { };
    };
  };
  nginxConfiguration = pkgs.writeText "nginx.conf" ''
    user nobody nobody;
    daemon off;
    error_log /dev/stdout info;
    pid /dev/null;
    events {}
    http {
      access_log /dev/stdout;
      client_body_temp_path /tmp/nginx_client_body;
      proxy_temp_path /tmp/proxy;
      fastcgi_temp_path /tmp/fastcgi;
      uwsgi_temp_path /tmp/uwsgi;
      scgi_temp_path /tmp/scgi;
      server {
        listen 80;
        index index.html;
        location / { root ${webRoot}; }
      }
    }
  '';
  webRoot = pkgs.writeTextDir "index.html" ''
    <html><body><h1>Hello from NGINX</h1></body></html>
  '';
  filesAndShell = [ pkgs.bash ./test-dummy ];
  helloImage = {
    name = "hello";
    tag = "latest";
    contents = [ (binaries "hello-root" [ pkgs.hello ]) ];
    config.Cmd = [ "hello" ];
  };
in
rec {
  # The smallest: a shell.
  bash = dockerTools.buildImage {
    name = "bash";
    tag = "latest";
    copyToRoot = binaries "bash-root" [ pkgs.bashInteractive ];
  };

  # A service, and the same without an archive in the store.
  nginx = dockerTools.buildLayeredImage nginxImage;
  nginxStream = dockerTools.streamLayeredImage nginxImage;
  nginxDescription = dockerTools.image nginxImage;

  # Several programs in one image.
  editors = dockerTools.buildImage {
    name = "editors";
    tag = "latest";
    copyToRoot = binaries "editors-root" [ pkgs.coreutils pkgs.bash pkgs.emacs pkgs.vim pkgs.nano ];
  };

  # The time of the build instead of 1970.
  unstableDate = dockerTools.buildImage {
    name = "unstable-date";
    tag = "latest";
    copyToRoot = binaries "date-root" [ pkgs.hello ];
    created = "now";
  };
  unstableDateLayered = dockerTools.buildLayeredImage {
    name = "unstable-date-layered";
    tag = "latest";
    contents = [ pkgs.coreutils ];
    created = "now";
  };

  # Compressed in three ways.
  bashUncompressed = dockerTools.buildImage {
    name = "bash-uncompressed";
    tag = "latest";
    compressor = "none";
    copyToRoot = pkgs.bashInteractive;
  };
  bashZstdCompressed = dockerTools.buildImage {
    name = "bash-zstd";
    tag = "latest";
    compressor = "zstd";
    copyToRoot = pkgs.bashInteractive;
  };
  bashLayeredUncompressed = dockerTools.buildLayeredImage {
    name = "bash-layered-uncompressed";
    tag = "latest";
    compressor = "none";
    contents = pkgs.bashInteractive;
  };
  bashLayeredZstdCompressed = dockerTools.buildLayeredImage {
    name = "bash-layered-zstd";
    tag = "latest";
    compressor = "zstd";
    contents = pkgs.bashInteractive;
  };

  # Files for users that are not root.
  bashLayeredWithUser =
    let
      shadow = ''
        root:!x:::::::
        somebody:!:::::::
      '';
      passwd = ''
        root:x:0:0::/root:/bin/bash
        somebody:x:1000:1000::/home/somebody:/bin/bash
      '';
      group = ''
        root:x:0:
        somebody:x:1000:
      '';
    in
    dockerTools.buildLayeredImage {
      name = "bash-layered-with-user";
      tag = "latest";
      contents = [
        pkgs.bash
        pkgs.coreutils
        (pkgs.writeTextDir "etc/shadow" shadow)
        (pkgs.writeTextDir "etc/passwd" passwd)
        (pkgs.writeTextDir "etc/group" group)
      ];
    };

  # Store paths that belong to a user, for Nix without a daemon.
  nonRootTestImage = dockerTools.streamLayeredImage {
    name = "non-root-test";
    tag = "latest";
    uid = 1000;
    gid = 1000;
    uname = "user";
    gname = "user";
    contents = [ pkgs.bash pkgs.coreutils ];
  };

  # For another machine.
  cross =
    let
      crossPkgs = pkgs.pkgsCross.aarch64-multiplatform;
      tools = import ../../nix { pkgs = crossPkgs; inherit (dockerTools) drydock; };
    in
    tools.buildImage {
      name = "hello-cross";
      tag = "latest";
      copyToRoot = binaries "cross-root" [ crossPkgs.hello ];
    };
  # Whether the programs are for that machine is not looked at: these images hold none that runs there.
  build-image-with-architecture = dockerTools.buildImage {
    name = "build-image-with-architecture";
    tag = "latest";
    architecture = "arm64";
    copyToRoot = filesAndShell;
  };
  layered-image-with-architecture = dockerTools.streamLayeredImage {
    name = "layered-image-with-architecture";
    tag = "latest";
    architecture = "arm64";
    contents = filesAndShell;
  };

  # Files of the source beside packages.
  build-image-with-path = dockerTools.buildImage {
    name = "build-image-with-path";
    tag = "latest";
    copyToRoot = filesAndShell;
  };
  layered-image-with-path = dockerTools.streamLayeredImage {
    name = "layered-image-with-path";
    tag = "latest";
    contents = filesAndShell;
  };

  # Certificates of authorities.
  image-with-certs = dockerTools.buildImage {
    name = "image-with-certs";
    tag = "latest";
    copyToRoot = pkgs.buildEnv {
      name = "image-with-certs-root";
      paths = [ pkgs.coreutils dockerTools.caCertificates ];
    };
  };

  # Packages with links at the root, with and without their store paths.
  helloOnRoot = dockerTools.streamLayeredImage helloImage;
  helloOnRootNoStore = dockerTools.streamLayeredImage (helloImage // { includeStorePaths = false; });
}
