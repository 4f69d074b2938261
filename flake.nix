# SPDX-License-Identifier: Apache-2.0
{
  description = "Container images without Docker, without a virtual machine and without root";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      forEach = make: builtins.listToAttrs (map (system: { name = system; value = make nixpkgs.legacyPackages.${system}; }) systems);
      command = pkgs: pkgs.drydock or (pkgs.callPackage ./nix/package.nix { });
      library = pkgs: import ./nix { inherit pkgs; drydock = command pkgs; };
      examples = pkgs: import ./examples/nix { inherit pkgs; drydock = command pkgs; };
    in
    {
      # With a toolchain: (final: prev: { drydock = final.callPackage ./nix/package.nix { toolchain = …; }; }) before it.
      overlays.default = final: prev: {
        drydock = prev.drydock or (final.callPackage ./nix/package.nix { });
        drydockTools = import ./nix { pkgs = final; inherit (final) drydock; };
      };

      # The functions for a package set: drydock.lib.dockerTools { inherit pkgs; drydock = …; }
      lib.dockerTools = import ./nix;

      packages = forEach (pkgs: { default = command pkgs; drydock = command pkgs; });
      apps = forEach (pkgs: rec {
        drydock = { type = "app"; program = "${command pkgs}/bin/drydock"; };
        default = drydock;
      });
      legacyPackages = forEach (pkgs: { dockerTools = library pkgs; examples = examples pkgs; });

      # Images of every kind that need no network.
      checks = forEach (pkgs: {
        inherit (examples pkgs) bash nginx layered-image bashNoTagStreamLayered nix nix-shell-basic;
      });
    };
}
