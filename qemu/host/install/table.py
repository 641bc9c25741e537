# SPDX-License-Identifier: MIT
"""The options of first-run: its parser, --help and manual page come from here."""

from __future__ import annotations

from host.base.command_line import Option, Program, Section

PROGRAM = Program(
    name="first-run",
    usage=(
        "--disk FILE --size SIZE --iso FILE --key FILE.pub... [OPTION]...",
        "--disk FILE --existing --iso FILE --key FILE.pub... [OPTION]...",
        "--disk FILE --from FILE --key FILE.pub... [OPTION]...",
    ),
    text="""
Makes the disk, boots the ISO with it and with a drive of SSH keys, follows the installation, and
puts the disk in place only if the installation succeeded. It needs no root. With --from, the disk is the
copy of a finished guest's image, and no machine is started.
""",
    sections=(
        Section(
            "Disks",
            (
                Option(
                    "disk",
                    "FILE",
                    "the guest's disk, which must not exist; with libvirt the name of a volume",
                ),
                Option(
                    "size",
                    "SIZE",
                    "its size, such as 4G; with --from by default that of the image",
                ),
                Option(
                    "format",
                    "raw|qcow2",
                    "its format; by default *.raw and *.img are raw, all others qcow2",
                ),
                Option(
                    "existing",
                    "",
                    "use the disk that exists, an image or a block device, as it is; it is never formatted, moved or removed by this program",
                ),
                Option(
                    "boot-disk",
                    "FILE[:SIZE]",
                    "the disk for the boot file system of layout pygrub, which is the guest's first disk; with --from without SIZE",
                ),
                Option(
                    "extra-disk",
                    "FILE[:SIZE]",
                    "one more disk, an existing one without SIZE; the installer knows the disks as serial:extra1, serial:extra2 and so on",
                    many=True,
                ),
                Option("keep-failed", "", "keep the disk of a failed installation as FILE.failed"),
                Option(
                    "records",
                    "FOLDER",
                    "where log, verdict and host keys are kept; by default beside the disk, or in the current folder for a block device or a volume",
                ),
            ),
        ),
        Section(
            "What is installed",
            (
                Option("iso", "FILE", "the installer's ISO"),
                Option(
                    "from",
                    "FILE",
                    "instead of an ISO, the image of a finished guest that is shut down: the disk becomes a copy with identifiers, keys and host keys of its own; guest-installer makes it on this host, see guest-installer(8)",
                ),
                Option(
                    "from-boot",
                    "FILE",
                    "for layout pygrub, the boot disk of that image; --boot-disk names the copy",
                ),
                Option(
                    "direct", "", "start the kernel of the ISO without firmware and boot loader"
                ),
                Option(
                    "key",
                    "FILE",
                    "a public key or authorized_keys file, a folder of them, or a URL (http, https or file) that this host fetches; also ca.pem and netrc, certificates and passwords for the network, and configuration.nix or flake.nix and flake.lock, which the engine nixos-install builds",
                    many=True,
                ),
                Option(
                    "host-key",
                    "FILE",
                    "an SSH host key of the guest, the private one without a passphrase; it is there before the guest's activation runs, as sops-nix and agenix need it",
                    many=True,
                ),
                Option(
                    "file",
                    "TARGET=FILE[:MODE[:UID:GID]]",
                    "a file for the guest, such as /var/lib/sops-nix/key.txt=key.txt:0600, there before its activation runs",
                    many=True,
                ),
                Option(
                    "set",
                    "KEY=VALUE",
                    "one line of the installer's configuration, such as wipe=force",
                    many=True,
                ),
                Option(
                    "system",
                    "PATH",
                    "the guest's system in this host's Nix store, whose closure is served to the installer; needs nginx and --manifest",
                ),
                Option(
                    "manifest",
                    "FILE",
                    "the guest.json of that system, or a file that iso/make-manifest completes to one",
                ),
                Option(
                    "cache",
                    "FOLDER|URL",
                    "a binary cache that has the system, instead of this host's store; --set trusted-keys names its public key",
                ),
                Option(
                    "signing-key",
                    "FILE",
                    "the secret key that signs the closure; by default one that is made for this run",
                ),
            ),
        ),
        Section(
            "The machine",
            (
                Option(
                    "memory", "SIZE", "the guest's memory while it is installed", default="512M"
                ),
                Option("cores", "N", "its processors; by default those of the host, at most four"),
                Option(
                    "arch",
                    "x86_64|aarch64",
                    "the processor of the machine; by default the one that the ISO is for",
                ),
                Option(
                    "firmware",
                    "bios|uefi",
                    "what boots the ISO; by default bios, and uefi for aarch64",
                ),
                Option(
                    "accel",
                    "auto|kvm|tcg",
                    "hardware virtualisation or emulation; auto takes kvm where it works, which needs a guest of the host's architecture",
                    default="auto",
                ),
                Option(
                    "network",
                    "none|user|tap=INTERFACE|bridge=INTERFACE|network=NAME",
                    "the installer's network card; user and tap with QEMU, bridge with Xen, and user, bridge and network with libvirt; the guest's domain has it too",
                    default="none",
                ),
                Option(
                    "hypervisor",
                    "qemu|xen|libvirt",
                    "what the installer runs in; with xen it is an HVM domain of xl, and FILE.xl is the domain file of the installed guest; with libvirt a transient domain, and FILE.xml is the domain of the installed guest",
                    default="qemu",
                ),
                Option(
                    "name",
                    "NAME",
                    "the guest's name under Xen and libvirt; by default that of the disk",
                ),
            ),
        ),
        Section(
            "libvirt",
            (
                Option(
                    "connect",
                    "URI",
                    "where the guest is installed, such as qemu+ssh://root@host/system or xen:///system; by default $LIBVIRT_DEFAULT_URI, or qemu:///system",
                ),
                Option(
                    "pool",
                    "NAME",
                    "the storage pool of the guest's volumes; by default the one with the name default",
                ),
                Option("define", "", "define the installed guest as a persistent domain"),
                Option("start", "", "define it, and start it"),
            ),
        ),
        Section(
            "The run",
            (
                Option(
                    "timeout",
                    "SECONDS",
                    "the time for the installation; by default 3900, or six times that if the processor is emulated",
                ),
                Option(
                    "stage-timeout",
                    "SECONDS",
                    "the time for each stage; by default 60 to 1800, or six times that if the processor is emulated",
                ),
                Option(
                    "prove-boot",
                    "",
                    "boot a copy of the installed disk before it is put in place, log in with a key of this run, and ask whether the given keys are accepted; the default where hardware virtualisation works, but not with --from",
                ),
                Option("no-prove-boot", "", "do not boot it"),
                Option("json", "", "print events on the standard output, one JSON object a line"),
                Option("quiet", "", "print errors only"),
            ),
        ),
    ),
    statuses=(
        ("0", "The guest is installed, or copied."),
        ("1 to 79", "The installer's own code; see guest-installer-protocol(7)."),
        ("2", "The options are wrong, or the installer refused its configuration."),
        ("80", "QEMU, xl or libvirt failed."),
        ("81", "The machine ended without a verdict, or the boot proof failed."),
        ("82", "Another run has this guest."),
        ("83", "A deadline passed."),
        ("84", "The installer's two channels contradict each other."),
        ("85", "The host has no room."),
    ),
)
