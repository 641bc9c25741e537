# SPDX-License-Identifier: MIT
# services.guest-installer — a live system that installs a guest and powers off.
# Import it beside nixpkgs' installation-cd-minimal.nix, or use lib.mkGuestIso, which
# imports both.
{
  imports = [
    ./options.nix
    ./assertions.nix
    ./service.nix
    ./image.nix
    ./prebuilt.nix
  ];
}
