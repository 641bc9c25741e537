# SPDX-License-Identifier: MIT
"""What first-run --help says."""

USAGE = """\
Usage: first-run --disk guest.qcow2 --size 4G --iso FILE --key FILE.pub... [OPTION]...

Makes the disk, boots the ISO with it and a drive of SSH keys, follows the installation, and puts
the disk in place only if it succeeded. Beside it stay the serial console's log (guest.qcow2.log,
older ones .log.1 to .log.5), the verdict (guest.qcow2.verdict.json) and the guest's host keys
(guest.qcow2.known_hosts).

  --disk FILE           the guest's disk, must not exist
  --size SIZE           its size, such as 4G
  --format raw|qcow2    its format (default: *.raw and *.img are raw, all others qcow2)
  --existing            the disk exists, an image or a block device: it is used as it is, and
                        never formatted, moved or removed from outside
  --boot-disk FILE[:SIZE]
                        the disk for layout pygrub's boot file system; the guest's first disk
  --extra-disk FILE[:SIZE]
                        one more disk, an existing one without SIZE; repeatable; the installer
                        knows them as serial:extra1, serial:extra2, ...
  --iso FILE            the installer's ISO
  --direct              takes kernel, initramfs and command line out of the ISO and starts them
                        without firmware and boot loader
  --key FILE            a public key or authorized_keys file, a folder of them, or an http, https
                        or file URL, fetched on this host; repeatable; also ca.pem and netrc,
                        certificates and passwords for the network, and configuration.nix or
                        flake.nix and flake.lock, which the engine nixos-install builds
  --set KEY=VALUE       one line of the installer's configuration; repeatable
  --system PATH         the guest's system in this host's Nix store: its closure is served to the
                        installer, which fetches it (--network user); needs nginx and --manifest
  --manifest FILE       the guest.json of that system, or what iso/make-manifest completes to one
  --cache FOLDER|URL    a binary cache that has the system, instead of this host's store; its
                        public key is told by --set trusted-keys
  --signing-key FILE    the secret key to sign the closure with (default: one for this run)
  --memory SIZE         the guest's memory while it is installed (default 512M)
  --cores N             its processors (default: the host's, four at most)
  --firmware bios|uefi  what boots the ISO (default bios)
  --hypervisor qemu|xen what the installer runs in (default qemu); with xen as an HVM domain of
                        `xl`, and guest.img.xl is the domain file of the installed guest
  --name NAME           the guest's name under Xen (default: the disk's)
  --network none|user|tap=INTERFACE|bridge=INTERFACE
                        a network card for the installer (default none); user and tap with qemu,
                        bridge with xen, where the guest has it, too
  --accel auto|kvm|tcg  hardware virtualisation or emulation (default: what works)
  --timeout SECONDS     ends the attempt after this time (default 3900, 6 times that if emulated)
  --stage-timeout SECONDS
                        ends it when one stage takes so long (default 60 to 1800, 6 times that if
                        emulated)
  --prove-boot          boots a snapshot of the disk and waits for its SSH server, before it is
                        put in place
  --records FOLDER      where log, verdict and host keys are kept (default: beside the disk; for a
                        block device here)
  --json                events on the standard output, one JSON object a line
  --quiet               nothing but errors
  --keep-failed         keeps the disk of a failed attempt as guest.qcow2.failed
  --help                show this

Exit status: 0 installed; 2 misuse; 1 to 79 the installer's own code; 80 QEMU failed; 81 ended
without a verdict; 82 another run has this guest; 83 deadline passed; 84 the installer's two
channels contradict each other; 85 no room.
"""
