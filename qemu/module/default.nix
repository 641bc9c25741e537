# SPDX-License-Identifier: MIT
# virtualisation.guests.<name> — guests that are installed when they first start; each
# is a service.
{
  imports = [
    ./options.nix
    ./assertions.nix
    ./services.nix
    ./network.nix
    ./xen.nix
    ./libvirt.nix
  ];
}
