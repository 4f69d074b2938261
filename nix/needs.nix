# SPDX-License-Identifier: Apache-2.0
# All that the library takes from a package set; any nixpkgs of the last years has it.
#
# lib: functions without packages. runCommand, writeText, writeScript, writeScriptBin, closureInfo: builders. The programs are for what
# their names say: bash and coreutils for scripts and /usr/bin/env, cacert for caCertificates, shadow for shadowSetup. A
# program that a package set lacks is missed only by the function that needs it.
{ pkgs }:
{
  inherit (pkgs) lib runCommand writeText writeScript writeScriptBin closureInfo;

  bash = pkgs.bashInteractive or pkgs.bash;
  shell = pkgs.runtimeShell or "${pkgs.bash}/bin/bash";
  coreutils = pkgs.coreutils;
  # With which scripts see themselves as root: to remember owners, to change the root directory, and to have a shell in an
  # image that has none.
  programs = {
    fakeroot = pkgs.fakeroot or (throw "drydock: 'fakeRootCommands' needs the package 'fakeroot', which the package set lacks");
    busybox = pkgs.pkgsStatic.busybox or (throw "drydock: 'runAsRoot' needs the package 'pkgsStatic.busybox', which the package set lacks");
    proot = pkgs.proot or (throw "drydock: 'enableFakechroot' needs the package 'proot', which the package set lacks");
  };
  cacert = pkgs.cacert or (throw "drydock.caCertificates: the package set has no 'cacert'");
  shadow = pkgs.shadow or (throw "drydock.shadowSetup: the package set has no 'shadow'");

  # The machine that images are for, in Go's words.
  platform = {
    architecture = pkgs.stdenv.hostPlatform.go.GOARCH or (pkgs.go.GOARCH or "amd64");
    variant =
      let arm = pkgs.stdenv.hostPlatform.go.GOARM or null;
      in if arm == null || arm == "" then null else "v${toString arm}";
  };
}
