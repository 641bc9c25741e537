# SPDX-License-Identifier: MIT
# The sample guests: systems with the shape of NixOS, made of Debian's programs.
# They demonstrate and test the installer without nixpkgs and a network.
# `debs` is the folder that iso/fetch-debs fills for the architecture `arch`.
{
  debs,
  arch ? "x86_64",
}:
let
  architecture = (import ../architectures.nix).${arch};
  packages = import ./packages.nix { inherit debs architecture; };
  layouts = import ./layouts.nix;

  # A system without switch-to-configuration needs the program that this would run.
  sealed = import ./system.nix { inherit packages; } layouts.sealed;
in
{
  inherit layouts sealed;
  facts = layouts // {
    sealed = layouts.sealed // {
      bootloader = layouts.sealed.bootloader // {
        installer = "${sealed.installBootLoader}";
      };
    };
  };
  inherit (packages) busybox linux guest-linux;
  packages = packages.debian;
  gpt = import ./system.nix { inherit packages; } layouts.gpt;
  grub-uefi = import ./system.nix { inherit packages; } layouts.grub-uefi;
  systemd-boot = import ./system.nix { inherit packages; } layouts.systemd-boot;
  overlay = import ./system.nix { inherit packages; } layouts.overlay;
  bios = import ./system.nix { inherit packages; } layouts.bios;
  boot = import ./system.nix { inherit packages; } layouts.boot;
  boot-fat = import ./system.nix { inherit packages; } layouts.boot-fat;
  pygrub = import ./system.nix { inherit packages; } layouts.pygrub;
  direct = import ./system.nix { inherit packages; } layouts.direct;
}
