# SPDX-License-Identifier: MIT
{
  description = "A NixOS guest that installs itself";

  inputs.guest-installer.url = "github:guest-installer/guest-installer";

  # nix build, then, with the tools of guest-installer#host-tools:
  #   guest-installer-first-run --disk guest.qcow2 --size 8G --iso result/iso/*.iso \
  #     --key ~/.ssh/id_ed25519.pub
  #   guest-installer-run-guest guest.qcow2
  outputs =
    { self, guest-installer }:
    {
      packages.x86_64-linux.default = guest-installer.lib.mkGuestIso {
        configuration = ./guest.nix;
        layout = "gpt";
      };
    };
}
