# SPDX-License-Identifier: MIT
# What becomes of settings: the file, and the sentences on those it cannot hold.
let
  lib = import ./standin.nix;
  settings = import ../../iso/module/settings.nix { inherit lib; };
in
{
  "guest-installer.conf" = settings.render {
    cache = [
      "file:///iso/cache"
      "https://cache.example.org"
    ];
    disk = "serial:guest";
    seed = null;
    timeout = 1800;
  };
  "settings.errors" = lib.concatStringsSep "\n" (
    settings.errors "settings" {
      disk = "auto";
      wipe = true;
      keys-user = "me\nwipe = force";
    }
  ) + "\n";
}
