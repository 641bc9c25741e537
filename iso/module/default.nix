# SPDX-License-Identifier: MIT
# services.guest-installer — a live system that installs a guest and powers off.
# Import it beside nixpkgs' installation-cd-minimal.nix, or let lib.mkGuestIso
# do both.
{
  imports = [
    ./options.nix
    ./assertions.nix
    ./service.nix
    ./image.nix
    ./prebuilt.nix
  ];
}
