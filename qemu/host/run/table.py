# SPDX-License-Identifier: MIT
"""The options of run-guest: its parser, the file .guest, --help and the manual page come from here."""

from __future__ import annotations

from host.base.command_line import Option, Program, Section

PROGRAM = Program(
    name="run-guest",
    usage=("FILE [OPTION]...", "[OPTION]..."),
    text="""
Runs the installed guest on the disk FILE until it powers off. Without FILE, the file .guest in the
current folder names the disk and options. INT and TERM press the guest's power button; a guest that
does not power off in time is ended.
""",
    positional="words",
    sections=(
        Section(
            "The machine",
            (
                Option("guest", "FILE", "the guest's disk, the same as the first argument"),
                Option("memory", "SIZE", "the guest's memory", default="512M"),
                Option("cores", "N", "its processors; by default those of the host, at most four"),
                Option(
                    "arch",
                    "x86_64|aarch64",
                    "its processor; by default that of --kernel or --iso, or the one that the type of the disk's root partition names",
                ),
                Option(
                    "firmware",
                    "bios|uefi",
                    "what boots the disk; by default bios, and uefi for aarch64",
                ),
                Option(
                    "accel",
                    "auto|kvm|tcg",
                    "hardware virtualisation or emulation; auto takes kvm where it works",
                    default="auto",
                ),
                Option("snapshot", "", "discard everything that is written to any disk"),
                Option(
                    "network",
                    "user|none|network=NAME|bridge=INTERFACE",
                    "the card whose SSH port is forwarded; with none the guest has the card of --tap only; network and bridge are those of first-run with libvirt",
                    default="user",
                ),
                Option(
                    "ssh-port",
                    "N",
                    "the port on 127.0.0.1 that leads to the guest's SSH server; by default a free one, which is printed",
                ),
            ),
        ),
        Section(
            "Its life",
            (
                Option("log", "FILE", "write the serial console there, not to the standard output"),
                Option("console", "", "attach the terminal to the serial console; Ctrl-] leaves"),
                Option("daemon", "", "return when the guest runs, which goes on in the background"),
                Option("status", "", "print whether the guest runs, and how to log in"),
                Option("json", "", "print the status as JSON"),
                Option("stop", "", "press its power button and wait until it is off"),
                Option(
                    "stop-timeout",
                    "SECONDS",
                    "how long it may take to power off; then it is ended",
                    default="60",
                ),
            ),
        ),
        Section(
            "libvirt",
            (
                Option(
                    "hypervisor",
                    "qemu|libvirt",
                    "what runs the guest; with libvirt, FILE is the guest's volume, the domain is the one that first-run has defined, and it goes on if this program is killed",
                    default="qemu",
                ),
                Option(
                    "connect",
                    "URI",
                    "where the domain is; by default $LIBVIRT_DEFAULT_URI, or qemu:///system",
                ),
                Option(
                    "pool",
                    "NAME",
                    "the storage pool of the volume; by default the one with the name default",
                ),
                Option("name", "NAME", "the domain's name; by default that of the volume"),
            ),
        ),
        Section(
            "A kernel from the host",
            (
                Option("kernel", "FILE", "boot it, with the installed system's command line"),
                Option(
                    "initrd",
                    "FILE|none",
                    "the initramfs for it; by default the installed system's",
                ),
                Option("append", "WORDS", "further words for the kernel's command line"),
                Option("modules", "DIR", "its modules, as modules_install leaves them"),
            ),
        ),
        Section(
            "Devices, in the order in which the guest sees them",
            (
                Option(
                    "disk",
                    "SIZE|PATH",
                    "one more disk: an empty temporary one of this size, an image (*.raw and *.img are raw, all others qcow2), or a block device",
                    many=True,
                ),
                Option(
                    "share",
                    "DIR:TAG[:ro]",
                    "a folder that the guest sees at /mnt/TAG",
                    many=True,
                ),
                Option(
                    "share-by",
                    "auto|virtiofs|9p",
                    "how folders are shared; auto takes virtiofs where its daemon is installed",
                    default="auto",
                ),
                Option(
                    "usb",
                    "VENDOR:PRODUCT",
                    "a USB device of the host, by its numbers in lsusb",
                    many=True,
                ),
                Option("usb-tablet", "", "a pointer for the screen"),
                Option("vnc", "PATH", "show the screen on this local socket"),
                Option("tap", "INTERFACE", "one more network card, on this interface of the host"),
                Option(
                    "address", "A.B.C.D/N", "the guest's address on it; needs --kernel or --run"
                ),
            ),
        ),
        Section(
            "For kernel developers",
            (
                Option(
                    "qemu-arg",
                    "ARG",
                    "one more argument of QEMU, passed as it is, after all others",
                    many=True,
                ),
                Option(
                    "gdb",
                    "PATH|HOST:PORT",
                    "let gdb control the guest, by this socket or address; the command for gdb is printed, and a kernel of --kernel starts with nokaslr",
                ),
                Option("gdb-wait", "", "start the guest only when gdb continues it"),
                Option(
                    "dump",
                    "FILE",
                    "write the memory of the guest, which runs and goes on, to this new file, as an ELF core for crash(8)",
                ),
                Option(
                    "dump-on-panic",
                    "FILE",
                    "do so when the guest's kernel panics, and end the guest; needs the driver pvpanic in its kernel",
                ),
                Option(
                    "vsock",
                    "auto|CID",
                    "a virtio socket with this number, for SSH without a network card; auto chooses a number, and does without where the host has no vhost_vsock",
                ),
            ),
        ),
        Section(
            "A script",
            (
                Option(
                    "run",
                    "SCRIPT",
                    "run it in the guest by SSH, then power off; its output and exit status become those of this program",
                ),
                Option("identity", "FILE", "the SSH key to log in with; by default those of ssh"),
                Option("user", "NAME", "the user to log in as", default="root"),
                Option("boot-timeout", "SECONDS", "the time until the login", default="300"),
                Option(
                    "timeout", "SECONDS", "the time until the end of the script", default="3600"
                ),
            ),
        ),
        Section(
            "A guest that does not exist yet, which first-run makes",
            (
                Option("iso", "FILE", "the installer's ISO"),
                Option(
                    "from",
                    "FILE",
                    "instead of an ISO, the image of a finished guest that is shut down: this guest becomes a copy with identifiers and keys of its own",
                ),
                Option("key", "FILE.pub", "a public key that may log in", many=True),
                Option(
                    "size",
                    "SIZE",
                    "the size of its disk; with --from by default that of the image, else 4G",
                ),
                Option("set", "KEY=VALUE", "one line of the installer's configuration", many=True),
            ),
        ),
    ),
    notes="""
The file .guest has the same options, one `option = value` a line, such as `snapshot = yes`. It is
read if no disk is named; options of the command line come after it.

A kernel from the host needs virtio_pci, virtio_blk and the root's file system built in, or an
initramfs that has them, and virtio_net for --run.

A socket of --gdb is open to this user only. An address is open to any program that reaches it. A core
of --dump has the physical memory and the registers: `crash vmlinux FILE` reads it. gdb reads the
registers only.

`ssh` reaches the guest by --vsock if its systemd is version 256 or later and has an SSH server.
""",
    statuses=(
        ("0", "The guest powered off."),
        ("2", "The options are wrong."),
        ("3", "The guest does not run (--status)."),
        ("80", "QEMU or libvirt failed."),
        (
            "81",
            "The kernel panicked (--dump-on-panic), or the script could not be run or had no status.",
        ),
        ("82", "Another run has this guest."),
        ("83", "The guest was ended because it did not power off in time."),
        ("85", "The host has no room."),
        ("other", "The status of the script, or that of first-run."),
    ),
)
