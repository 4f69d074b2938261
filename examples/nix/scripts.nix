# SPDX-License-Identifier: Apache-2.0
# Scripts that work on the image's root.
{ pkgs, dockerTools, ... }:
{
  # Owners that a script gives away; what it mentions comes along.
  layeredImageWithFakeRootCommands = dockerTools.buildLayeredImage {
    name = "layered-image-with-fake-root-commands";
    tag = "latest";
    contents = [ (pkgs.buildEnv { name = "fake-root-root"; paths = [ pkgs.coreutils ]; pathsToLink = [ "/bin" ]; }) ];
    fakeRootCommands = ''
      mkdir -p ./home/alice
      chown 1000 ./home/alice
      ln -s ${pkgs.hello} ./hello
    '';
  };

  # A file that is somebody's.
  chownTestImage = dockerTools.streamLayeredImage {
    name = "chown-test";
    tag = "latest";
    enableFakechroot = true;
    fakeRootCommands = ''
      touch /testfile
      chown 12345:12345 /testfile
    '';
    config.Cmd = [ "${pkgs.coreutils}/bin/stat" "-c" "%u:%g" "/testfile" ];
  };

  helloOnRootNoStoreFakechroot = dockerTools.streamLayeredImage {
    name = "hello";
    tag = "latest";
    contents = [ (pkgs.buildEnv { name = "hello-root"; paths = [ pkgs.hello ]; pathsToLink = [ "/bin" ]; }) ];
    config.Cmd = [ "hello" ];
    includeStorePaths = false;
    enableFakechroot = true;
    fakeRootCommands = "mkdir -p /tmp";
  };

  # Absolute paths are those of the image.
  imageViaFakeChroot = dockerTools.streamLayeredImage {
    name = "image-via-fake-chroot";
    tag = "latest";
    config.Cmd = [ "hello" ];
    enableFakechroot = true;
    fakeRootCommands = ''
      mkdir /bin
      ln -s ${pkgs.hello}/bin/hello /bin/hello
    '';
  };

  # Configuration files that another program wrote, as NixOS does.
  etc =
    let
      files = pkgs.runCommand "etc" { } ''
        mkdir -p $out
        echo "some contents" >$out/some-config-file
      '';
    in
    dockerTools.streamLayeredImage {
      name = "etc";
      tag = "latest";
      enableFakechroot = true;
      fakeRootCommands = ''
        mkdir -p /etc
        cp -r ${files}/. /etc
      '';
      config.Cmd = [ "${pkgs.coreutils}/bin/cat" "/etc/some-config-file" ];
    };

  # Users as shadow's programs make them.
  image-with-users = dockerTools.buildLayeredImage {
    name = "image-with-users";
    tag = "latest";
    contents = [ pkgs.coreutils pkgs.bash ];
    enableFakechroot = true;
    fakeRootCommands = ''
      ${dockerTools.shadowSetup}
      groupadd -g 999 redis
      useradd -u 999 -g redis -d /data redis
      mkdir /data
      chown redis:redis /data
    '';
    config = { User = "redis"; WorkingDir = "/data"; };
  };
}
