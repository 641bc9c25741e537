# SPDX-License-Identifier: MIT
# The closure of an evaluated guest as a signed binary cache, with its manifest:
#   cache/        nix-cache-info, *.narinfo, nar/
#   guest.json    the manifest
#   trusted-key   name:base64 of the key that signed it
# The build makes the secret key and discards it: nothing can be signed for this
# cache afterwards. The ISO that contains the cache also contains the public key.
# At the end the installer reads the manifest and plans the guest on an imaginary disk:
# what it would refuse in the machine fails here.
{
  pkgs,
  package ? import ../installer/package.nix { inherit pkgs; },
}:
guest:
let
  inherit (pkgs) lib;
  toplevel = guest.config.system.build.toplevel;
  facts = import ./facts.nix { inherit lib; } guest.config;
  # The boot loader's installer, to which a system without switch-to-configuration does not refer.
  roots = [ toplevel ] ++ lib.optional (facts.bootloader ? installer) facts.bootloader.installer;
in
pkgs.runCommand "guest-cache-${toplevel.name}"
  {
    nativeBuildInputs = [
      pkgs.jq
      pkgs.nix
    ];
    closure = pkgs.closureInfo { rootPaths = roots; };
    facts = builtins.toJSON facts;
    scripts = ./.;
    installer = "${package}/bin/guest-installer";
    inherit toplevel roots;
  }
  ''
    export HOME=$TMPDIR NIX_STATE_DIR=$TMPDIR/state
    . "$scripts/lib.sh"
    nix_setup
    nix-store --load-db <"$closure/registration"
    mkdir "$out"
    nix-store --generate-binary-cache-key guest-installer-1 key "$out/trusted-key"
    write_cache "$PWD/key" "$out/cache" $roots
    printf '%s\n' "$facts" >facts.json
    bash "$scripts/make-manifest" "$toplevel" facts.json >"$out/guest.json"
    "$installer" check "$out/guest.json"
  ''
