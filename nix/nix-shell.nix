# SPDX-License-Identifier: Apache-2.0
# Images in which a derivation can be built or looked at, as in nix-shell.
{ bash, cacert, check, coreutils, lib, library, parts, shell, writeScript, writeText, ... }:
let
  inherit (check.types) attributes integer nullOr path string;

  rules = {
    drv.type = path;
    name = { type = nullOr string; default = null; };
    tag = { type = nullOr string; default = null; };
    uid = { type = integer; default = 1000; };
    gid = { type = integer; default = 1000; };
    homeDirectory = { type = string; default = "/build"; };
    shell = { type = string; default = "${bash}/bin/bash"; };
    command = { type = nullOr string; default = null; };
    run = { type = nullOr string; default = null; };
  };

  # A value as a builder sees it in its environment.
  text = value:
    if builtins.isPath value then "${value}"
    else if builtins.isList value then builtins.concatStringsSep " " (map text value)
    else toString value;

  # The variables of a derivation. What it wants in files is in files.
  variables = drv:
    let
      attributes = drv.drvAttrs;
      inFiles = attributes.passAsFile or [ ];
      isFile = name: builtins.elem name inFiles;
      entry = name:
        if isFile name
        then { name = "${name}Path"; value = "${writeText "pass-as-text-${name}" (text attributes.${name})}"; }
        else { inherit name; value = text attributes.${name}; };
      names = builtins.filter (name: attributes.${name} != null && name != "passAsFile") (builtins.attrNames attributes);
      # A build makes them, so that they are no part of the image.
      output = name: { inherit name; value = builtins.unsafeDiscardStringContext drv.${name}.outPath; };
    in
    builtins.listToAttrs (map entry names ++ map output (drv.outputs or [ "out" ]));

  # The arguments of streamLayeredImage.
  imageArguments = function: given:
    let
      arguments = check.arguments function rules given;
      inherit (arguments) drv;
      fail = check.fail function;
      checked =
        if drv.drvAttrs.__structuredAttrs or false then
          fail "'drv' has structured attributes, which no environment can hold; leave out '__structuredAttrs'"
        else if arguments.command != null && arguments.run != null then
          fail "'command' and 'run' exclude each other: 'command' starts an interactive shell, 'run' does not"
        else arguments;

      builder = writeScript "buildDerivation" ''
        #!${shell}
        exec ${lib.escapeShellArg drv.drvAttrs.builder} ${lib.escapeShellArgs (map text (drv.drvAttrs.args or [ ]))}
      '';
      script = if checked.run != null then checked.run else if checked.command != null then checked.command else null;
      bin = "${builtins.dirOf arguments.shell}:${coreutils}/bin";

      # What nix-shell does before it gives a prompt.
      rcfile = writeText "nix-shell-rc" (''
        unset PATH
        dontAddDisableDepTrack=1
        [ -e "$stdenv/setup" ] && source "$stdenv/setup"
        PATH=${bin}''${PATH:+:$PATH}
        SHELL=${lib.escapeShellArg arguments.shell}
        BASH=${lib.escapeShellArg arguments.shell}
        set +e
        buildDerivation() { ${builder} "$@"; }
        if [ -n "$PS1" ] && [ -z "$NIX_SHELL_PRESERVE_PROMPT" ]; then
          PS1='\n\[\033[1;32m\][nix-shell:\w]\$\[\033[0m\] '
        fi
        if [ "$(type -t runHook)" = function ]; then runHook shellHook; else eval "$shellHook"; fi
        unset NIX_ENFORCE_PURITY
        shopt -u nullglob
        shopt -s execfail
      '' + lib.optionalString (script != null) ''
        ${script}
        exit
      '');

      owner = "${toString arguments.uid}:${toString arguments.gid}";
      directory = path: { inherit path owner; directory = true; mode = "0755"; };
      directories = [ "/nix/store" "/nix/var/nix" "/etc/nix" "/build" ];
      environment = {
        SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
        NIX_SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
        PATH = bin;
        HOME = arguments.homeDirectory;
        NIX_STORE = builtins.storeDir;
        NIX_BUILD_CORES = "1";
      } // variables drv // {
        NIX_BUILD_TOP = "/build";
        TMPDIR = "/build";
        TEMPDIR = "/build";
        TMP = "/build";
        TEMP = "/build";
        PWD = "/build";
        TERM = "xterm-256color";
        IN_NIX_SHELL = "pure";
      };
      name = if arguments.name == null then "${drv.name}-env" else arguments.name;
    in
    {
      inherit name;
      inherit (arguments) tag;
      contents = [
        library.binSh
        library.usrBinEnv
        (library.fakeNss.override {
          extraPasswdLines = [ "nixbld:x:${toString arguments.uid}:${toString arguments.gid}:Build user:${arguments.homeDirectory}:/noshell" ];
          extraGroupLines = [ "nixbld:!:${toString arguments.gid}:" ];
        })
      ];
      files = map directory directories;
      config = {
        User = owner;
        WorkingDir = "/build";
        Cmd = if checked.run == null then [ arguments.shell "--rcfile" rcfile ] else [ arguments.shell rcfile ];
        Env = map (name: "${name}=${environment.${name}}") (builtins.attrNames environment);
      };
    };
in
builtins.mapAttrs (name: lib.makeOverridable) {
  streamNixShellImage = given: library.streamLayeredImage (imageArguments "streamNixShellImage" given);
  buildNixShellImage = given:
    library.buildLayeredImage (
      imageArguments "buildNixShellImage" (removeAttrs given [ "compressor" ])
      // lib.optionalAttrs (given ? compressor) { inherit (given) compressor; }
    );
}
