# SPDX-License-Identifier: MIT
# The lean ISO of the sample guest, made by iso/lean.nix like that of a real guest.
{
  debs,
  installer,
  mkfsFat,
  # The processor of the packages, as nixpkgs calls it; only to look at the derivation.
  cpu ? "x86_64",
}:
let
  sample = import ../../iso/sample { inherit debs; };
  pkgs = import ./pkgs.nix;

  rebuild = import ../../iso/rebuild.nix {
    layout = "gpt";
    keys = [ "ssh-ed25519 AAAA it's \"me\" \${} \\" ];
  };

  # A package with one program.
  program =
    name: file:
    pkgs.runCommand name { inherit name file; } ''install -D -m 755 "$file" "$out/bin/$name"'';
in
import ../../iso/lean.nix
  {
    pkgs = pkgs // {
      stdenv = pkgs.stdenv // {
        hostPlatform.parsed.cpu.name = cpu;
      };
      pkgsStatic = {
        inherit (sample) busybox;
        dosfstools = program "mkfs.fat" mkfsFat;
      };
    };
  }
  {
    package = program "guest-installer" installer;
    settings = {
      timeout = 1800;
      files = [ "${rebuild.name}=/medium/rebuild.nix" ];
    };
    files."rebuild.nix" = rebuild.text;
    guest.config = import ./gpt-config.nix // {
      guestInstaller.layout = "gpt";
      networking.hostName = "sample";
      system = {
        build = {
          toplevel = sample.gpt;
          kernel = sample.guest-linux; # without ahci, e1000 and i6300esb
        };
        boot.loader.kernelFile = "bzImage";
        modulesTree = sample.guest-linux;
      };
    };
  }
