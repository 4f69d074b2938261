# SPDX-License-Identifier: Apache-2.0
# Scripts that say whose files are, each kind of script in an image of its own.
{ lockFile
, packages
, program
, digest
, # Whether everything is built outside of Nix' sandbox, for which that must be relaxed.
  outside ? false
}:
let
  inherit (import ./images.nix { inherit lockFile packages program digest; }) pkgs;
  leaving = pkgs // {
    runCommand = name: environment: pkgs.runCommand name (environment // { __noChroot = true; });
  };
  library = import ../../../nix { pkgs = if outside then leaving else pkgs; inherit (pkgs) drydock; };
  owners = root: ''
    mkdir -p ${root}srv
    chown 1000:100 ${root}srv
    echo text >${root}srv/file
    chown 12345:54321 ${root}srv/file
    chmod 0640 ${root}srv/file
  '';
  # Nix' sandbox refuses this; fakeroot remembers it all the same.
  setuid = root: owners root + "chmod 4750 ${root}srv/file\n";
  image = make: arguments: make ({ name = "owners"; tag = "latest"; compressor = "none"; } // arguments);
in
pkgs.writeText "owners.json" (builtins.toJSON (builtins.mapAttrs (name: image: "${image}") {
  fakeRootCommands = image library.buildLayeredImage { fakeRootCommands = setuid "./"; };
  enableFakechroot = image library.buildLayeredImage { fakeRootCommands = setuid "/"; enableFakechroot = true; };
  runAsRoot = image library.buildImage { runAsRoot = owners "/"; };
}))
