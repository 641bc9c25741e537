# SPDX-License-Identifier: MIT
# The file that settings become, and the sentences for settings that it cannot hold.
let
  lib = import ./standin.nix;
  settings = import ../../iso/module/settings.nix { inherit lib; };
  all = {
    cache = [
      "file:///iso/cache"
      "https://cache.example.org"
    ];
    disk = "serial:guest";
    # An = in a value is kept, with the blanks around it.
    report-url = "http://host/?a = b&c=d#e";
    seed = null;
    timeout = 1800;
  };
in
{
  "guest-installer.conf" = settings.render all;
  "settings.assignments" = lib.concatMapStringsSep "" (word: word + "\n") (settings.assignments all);
  "settings.errors" = lib.concatStringsSep "\n" (
    settings.errors "settings" {
      disk = "auto";
      seed = null;
      wipe = true;
      keys-user = "me\nwipe = force";
      esp-label = " EFI";
      root-label = "";
      interface = "auto # the first";
      dsik = "/dev/vda";
      ca-file = "/${lib.concatStrings (builtins.genList (_: "0123456789") 409)}";
      cache = [
        "file:///iso/my cache"
      ];
      timeout = 0;
    }
  ) + "\n";
}
