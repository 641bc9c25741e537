# SPDX-License-Identifier: MIT
# virtualisation.guests.<name> — guests that install themselves at their first
# start, each a service of its own.
{
  imports = [
    ./options.nix
    ./assertions.nix
    ./services.nix
    ./network.nix
    ./xen.nix
  ];
}
