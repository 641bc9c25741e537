# SPDX-License-Identifier: MIT
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  expression = lib.literalExpression or lib.literalExample;
  size = types.strMatching "[1-9][0-9]*[KMGT]?";
  # What the kernel and the tools take for a network interface.
  interface = types.strMatching "[A-Za-z0-9_.-]{1,15}";

  network = {
    options = {
      type = mkOption {
        type = types.enum [
          "user"
          "tap"
        ];
        default = "user";
        description = ''
          `user`: the guest reaches the world through the host, and is reached
          at a port of the host's loopback. `tap`: its only network card is on a
          bridge.
        '';
      };

      bridge = mkOption {
        type = types.nullOr interface;
        default = null;
        example = "br0";
        description = ''
          The bridge of the host that the guest's tap interface joins. The bridge
          itself is declared as ever, with networking.bridges.
        '';
      };

      interface = mkOption {
        type = types.nullOr interface;
        default = null;
        example = "vm-web";
        description = "The tap interface's name; by default vm- and the guest's name.";
      };

      address = mkOption {
        type = types.nullOr (types.strMatching "[0-9a-fA-F.:]+");
        default = null;
        example = "192.168.7.10";
        description = ''
          The guest's fixed address, under its own name in the host's /etc/hosts.
          The guest's configuration sets it; this one does not.
        '';
      };

      sshPort = mkOption {
        type = types.nullOr (types.ints.between 1024 65535);
        default = null;
        example = 2222;
        description = ''
          With `user`, the port of 127.0.0.1 that leads to the guest's SSH
          server; null takes a free one at every start, which `systemctl status
          guest-NAME` tells.
        '';
      };
    };
  };

  guest =
    { name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the guest has a service.";
        };

        autostart = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the guest starts with the host.";
        };

        hypervisor = mkOption {
          type = types.enum [
            "qemu"
            "xen"
          ];
          default = "qemu";
          description = ''
            What runs it. A Xen guest's service only installs it; it starts with the
            other domains of xendomains or, without `autostart`, by
            `xl create /var/lib/guests/NAME/root.img.xl`.
          '';
        };

        iso = mkOption {
          type = types.nullOr (types.either types.path types.package);
          default = null;
          example = expression "mkGuestIso { configuration = ./web.nix; layout = \"gpt\"; }";
          description = ''
            The ISO that installs the guest: a package with one file iso/*.iso, or
            a file. A path of Nix is copied into the store; text names a file of
            the host, which is needed at the guest's first start only, and which
            the guest's user must be able to read: not below /home.
          '';
        };

        system = mkOption {
          type = types.nullOr types.unspecified;
          default = null;
          example = expression "self.nixosConfigurations.web";
          description = "Instead of iso, an evaluated system, for which a lean ISO is made.";
        };

        layout = mkOption {
          type = types.nullOr (
            types.enum [
              "bios"
              "gpt"
              "pygrub"
              "direct"
            ]
          );
          default = null;
          example = "gpt";
          description = ''
            The disk layout that is added to `system`; null if it has one of the
            layout modules.
          '';
        };

        memory = mkOption {
          type = types.ints.positive;
          default = 1024;
          description = ''
            Memory in MiB. The installer gets as much, but not less than 512.
          '';
        };

        cores = mkOption {
          type = types.ints.positive;
          default = 1;
          description = "Virtual processors.";
        };

        diskSize = mkOption {
          type = size;
          default = "8G";
          description = "Size of the disk that is made before the first start.";
        };

        bootDiskSize = mkOption {
          type = types.nullOr size;
          default = null;
          example = "500M";
          description = "Size of the boot disk of layout pygrub, which has two disks (Xen).";
        };

        extraDisks = mkOption {
          # Not a path of Nix, which would be copied into the store.
          type = types.listOf (types.strMatching "/.+");
          default = [ ];
          example = [ "/dev/vg/web-data" ];
          description = ''
            Images (*.raw, *.img: raw, else qcow2) or block devices that the guest
            has besides. They must exist, and the installer leaves them alone. An
            image must be where the guest's user, guest-NAME, may write, and not
            below /home; block devices that belong to the group disk are opened to
            this service alone.
          '';
        };

        firmware = mkOption {
          type = types.enum [
            "bios"
            "uefi"
          ];
          default = "bios";
          description = "What boots the guest (QEMU).";
        };

        keyFiles = mkOption {
          type = types.listOf types.path;
          default = [ ];
          example = [ "/home/me/.ssh/id_ed25519.pub" ];
          description = ''
            SSH public keys of those who may enter the guest. They are needed at its
            first start only, but have to be there at each.
          '';
        };

        settings = mkOption {
          inherit (import ../../iso/module/settings.nix { inherit lib; }) type;
          default = { };
          example = {
            swap = "1G";
          };
          description = ''
            Lines of guest-installer.conf for this guest's installation. Everybody can
            read them in the host's store.
          '';
        };

        network = mkOption {
          type = types.submodule network;
          default = { };
          description = "How the guest is connected.";
        };

        usbTablet = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it has a USB tablet, so that a pointer in its display is where it seems.";
        };

        display = mkOption {
          type = types.enum [
            "none"
            "vnc"
          ];
          default = "none";
          description = ''
            With `vnc`, the guest's screen is served on the socket vnc in its
            run-time folder, which no network reaches.
          '';
        };

        stopTimeout = mkOption {
          type = types.ints.positive;
          default = 90;
          description = ''
            Seconds that it may take to power off, once its power button has been
            pressed, before it is ended.
          '';
        };
      };
    };
in
{
  options.virtualisation.guestTools = mkOption {
    type = types.package;
    default = import ../package.nix { inherit pkgs; };
    defaultText = expression "the host tools of this repository";
    description = "The package that has guest-installer-first-run and guest-installer-run-guest.";
  };

  options.virtualisation.guests = mkOption {
    type = types.attrsOf (types.submodule guest);
    default = { };
    description = ''
      Virtual machines of this host. At its first start a guest is installed
      from its ISO, with nobody watching; from then on its disk is its own.
    '';
  };
}
