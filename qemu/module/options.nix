# SPDX-License-Identifier: MIT
{
  config ? { },
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  expression = lib.literalExpression or lib.literalExample;
  size = types.strMatching "[1-9][0-9]*[KMGT]?";
  # The names that the kernel and the tools accept for a network interface.
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
          `user`: the guest has network access through the host, and its SSH server
          is reachable at a port of the host's loopback interface. `tap`: its only
          network card is on a bridge.
        '';
      };

      bridge = mkOption {
        type = types.nullOr interface;
        default = null;
        example = "br0";
        description = ''
          The bridge of the host that the guest's tap interface joins. Declare the
          bridge itself with networking.bridges.
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
          The guest's fixed address, which the host's /etc/hosts gets with the
          guest's name. The guest's own configuration must set the same address.
        '';
      };

      sshPort = mkOption {
        type = types.nullOr (types.ints.between 1024 65535);
        default = null;
        example = 2222;
        description = ''
          With `user`, the port of 127.0.0.1 that is forwarded to the guest's SSH
          server. Null selects a free port at every start; `systemctl status
          guest-NAME` shows it.
        '';
      };
    };
  };

  libvirt = {
    options = {
      connect = mkOption {
        type = types.str;
        default = "qemu:///system";
        example = "qemu+ssh://root@vm1.example/system";
        description = "The URI of the host, this one or another.";
      };

      pool = mkOption {
        type = types.str;
        default = "default";
        description = "The storage pool of the guest's volume, which has the guest's name.";
      };

      network = mkOption {
        type = types.nullOr (types.strMatching "[A-Za-z0-9_.+-]{1,64}");
        default = null;
        example = "default";
        description = "A network of libvirt that the guest's card is in, instead of `network`.";
      };
    };
  };

  qemu = {
    options = {
      options = mkOption {
        type = types.listOf (types.strMatching "-[^\n]+");
        default = [ ];
        example = [
          "-device edu"
          "-gdb unix:/run/guests/web/gdb,server=on,wait=off"
        ];
        description = ''
          Further options of QEMU, each with its value behind a blank, as in NixOS'
          virtualisation.qemu.options. They are passed as they are, without a shell.
          Block devices of the host belong to extraDisks: the service gets no access
          to others.
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
            "libvirt"
          ];
          default = "qemu";
          description = ''
            The hypervisor. The service of a Xen guest only installs it. The guest
            starts with the other domains of xendomains or, without `autostart`, by
            `xl create /var/lib/guests/NAME/root.img.xl`. The service of a guest under
            libvirt installs its domain, starts it and follows it.
          '';
        };

        libvirt = mkOption {
          type = types.submodule libvirt;
          default = { };
          description = "Where a guest under libvirt is.";
        };

        iso = mkOption {
          type = types.nullOr (types.either types.path types.package);
          default = null;
          example = expression "mkGuestIso { configuration = ./web.nix; layout = \"gpt\"; }";
          description = ''
            The ISO that installs the guest: a package with one ISO in its folder iso, or
            a file. A Nix path is copied into the store. A string names a file of
            the host, which is needed at the guest's first start only. The guest's
            user must be able to read it, so it cannot be below /home.
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
            The disk layout that is added to `system`; null if `system` contains one
            of the layout modules.
          '';
        };

        memory = mkOption {
          type = types.ints.positive;
          default = 1024;
          description = ''
            Memory in MiB. The installer gets the same, but at least 512.
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
          # A Nix path would be copied into the store, so only strings are accepted.
          type = types.listOf (types.strMatching "/.+");
          default = [ ];
          example = [ "/dev/vg/web-data" ];
          description = ''
            Additional images (*.raw, *.img: raw, else qcow2) or block devices of the
            guest. They must exist, and the installer does not write to them. The
            guest's user, guest-NAME, must be able to write to an image, which cannot
            be below /home. The service gets access to the listed block devices of
            the group disk, and to no others.
          '';
        };

        architecture = mkOption {
          type = types.nullOr (
            types.enum [
              "x86_64"
              "aarch64"
            ]
          );
          default = null;
          description = ''
            The guest's processor (QEMU, libvirt). Without a value the ISO says it. One
            that is not the host's is emulated, which is slow.
          '';
        };

        firmware = mkOption {
          type = types.nullOr (
            types.enum [
              "bios"
              "uefi"
            ]
          );
          default = null;
          description = ''
            What boots the guest (QEMU). Without a value a BIOS, and UEFI for a guest of
            64-bit ARM, whose machines have no BIOS.
          '';
        };

        keyFiles = mkOption {
          type = types.listOf types.path;
          default = [ ];
          example = [ "/home/me/.ssh/id_ed25519.pub" ];
          description = ''
            SSH public keys for the guest. They are used at its first start only, but
            must exist at each start.
          '';
        };

        settings = mkOption {
          inherit (import ../../iso/module/settings.nix { inherit lib; }) type;
          default = { };
          example = {
            swap = "1G";
          };
          description = ''
            Lines of guest-installer.conf for this guest's installation. All users of
            the host can read them in its store.
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
          description = "Whether the guest has a USB tablet, which aligns the pointer with its display.";
        };

        display = mkOption {
          type = types.enum [
            "none"
            "vnc"
          ];
          default = "none";
          description = ''
            With `vnc`, the guest's screen is served on the socket vnc in its
            run-time folder, which is not reachable from a network.
          '';
        };

        qemu = mkOption {
          type = types.submodule qemu;
          default = { };
          description = "What QEMU gets besides.";
        };

        stopTimeout = mkOption {
          type = types.ints.positive;
          default = 90;
          description = ''
            Seconds that the guest may take to power off after its power button was
            pressed. Then it is killed.
          '';
        };
      };
    };
in
{
  options.virtualisation.guestTools = mkOption {
    type = types.package;
    default = import ../package.nix {
      inherit pkgs;
      withLibvirt = lib.any (guest: guest.hypervisor == "libvirt") (
        builtins.attrValues config.virtualisation.guests
      );
    };
    defaultText = expression "the host tools of this repository";
    description = "The package that has guest-installer-first-run and guest-installer-run-guest.";
  };

  options.virtualisation.guests = mkOption {
    type = types.attrsOf (types.submodule guest);
    default = { };
    description = ''
      Virtual machines of this host. At its first start a guest is installed from
      its ISO, unattended. Later starts boot its disk.
    '';
  };
}
