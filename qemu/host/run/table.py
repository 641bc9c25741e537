# SPDX-License-Identifier: MIT
"""The options of run-guest as a table, and the --help that is made from it."""

from __future__ import annotations


FLAG, ONE, MANY = "flag", "one", "many"

# Heading, then name, how often it may be said, what its value is called, and what it does.
TABLE: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "The machine:",
        (
            ("guest", ONE, "FILE", "the guest's disk, as the first argument (*.raw, *.img: raw)"),
            ("memory", ONE, "SIZE", "the guest's memory (default 512M)"),
            ("cores", ONE, "N", "its processors (default: all, up to four)"),
            ("firmware", ONE, "bios|uefi", "what boots the disk (default bios)"),
            ("accel", ONE, "auto|kvm|tcg", "virtualisation or emulation (default: what works)"),
            ("snapshot", FLAG, "", "throw away whatever is written to any disk"),
            ("network", ONE, "user|none", "the card whose SSH port is forwarded (default user);\n"
             "none leaves it away: the guest is on --tap only"),
            ("ssh-port", ONE, "N", "the port on 127.0.0.1 that leads to the guest's SSH server\n"
             "(default: a free one, which is told)"),
        ),
    ),
    (
        "Its life:",
        (
            ("log", ONE, "FILE", "the serial console goes there, not to the standard output"),
            ("console", FLAG, "", "the terminal is the serial console; Ctrl-] leaves"),
            ("daemon", FLAG, "", "return when the guest runs; it goes on in the background"),
            ("status", FLAG, "", "say whether the guest runs, and how to enter it"),
            ("json", FLAG, "", "say it as JSON"),
            ("stop", FLAG, "", "press its power button and wait until it is off"),
            ("stop-timeout", ONE, "SECONDS", "how long it may take; then it is ended (default 60)"),
        ),
    ),
    (
        "A kernel of one's own:",
        (
            ("kernel", ONE, "FILE", "boot it, with the installed system's command line"),
            ("initrd", ONE, "FILE|none", "with it (default: the installed system's)"),
            ("append", ONE, "WORDS", "further words for the kernel's command line"),
            ("modules", ONE, "DIR", "its modules, as modules_install leaves them"),
        ),
    ),
    (
        "Devices, in the order in which the guest sees them:",
        (
            ("disk", MANY, "SIZE|PATH", "one more disk: empty and temporary, or an image\n"
             "(*.raw, *.img: raw, else qcow2) or a block device"),
            ("share", MANY, "DIR:TAG[:ro]", "a folder that the guest sees, at /mnt/TAG"),
            ("share-by", ONE, "auto|virtiofs|9p", "how (default: virtiofs if its daemon is there)"),
            ("usb", MANY, "VENDOR:PRODUCT", "a USB device of the host, numbers as lsusb has them"),
            ("usb-tablet", FLAG, "", "a pointer for the screen"),
            ("vnc", ONE, "PATH", "the screen is shown there, on a local socket"),
            ("tap", ONE, "INTERFACE", "one more network card, on this interface of the host"),
            ("address", ONE, "A.B.C.D/N", "the guest's address on it (with --kernel or --run)"),
        ),
    ),
    (
        "A script:",
        (
            ("run", ONE, "SCRIPT", "run it in the guest by SSH, then power off: its output\n"
             "and its exit status are ours"),
            ("identity", ONE, "FILE", "the SSH key to log in with (default: as ssh does)"),
            ("user", ONE, "NAME", "the user to log in as (default root)"),
            ("boot-timeout", ONE, "SECONDS", "until the guest lets us in (default 300)"),
            ("timeout", ONE, "SECONDS", "until the script has ended (default 3600)"),
        ),
    ),
    (
        "A guest that is not there yet is made by first-run:",
        (
            ("iso", ONE, "FILE", "the installer's ISO"),
            ("key", MANY, "FILE.pub", "whose owner may log in"),
            ("size", ONE, "SIZE", "the size of its disk (default 4G)"),
            ("set", MANY, "KEY=VALUE", "one line of the installer's configuration"),
        ),
    ),
)  # fmt: skip

HEAD = """\
Usage: run-guest guest.qcow2 [OPTION]...
       run-guest [OPTION]...        with a file .guest in this folder

Runs an installed guest until it powers off. INT and TERM press its power button; if it does not
go down in time, QEMU is ended.
"""
TAIL = """
  --help                      show this

The file .guest has the same options, one a line: `kernel = arch/x86/boot/bzImage`,
`snapshot = yes`. It is read if no disk is named as the first argument; options of the command
line come after it.

A kernel of one's own needs virtio_pci, virtio_blk and the root's file system built in, or an
initrd that has them; virtio_net for --run.

Exit status: 0 the guest powered off; 2 misuse; 3 --status: it does not run; 80 QEMU failed;
81 the script could not be run or ended without a status; 82 another run has this guest; 83 it had
to be ended; 85 no room; with --run, else the script's own; when a guest is made, first-run's.
"""


def help_text() -> str:
    """What --help says."""
    lines = [HEAD]
    for heading, options in TABLE:
        lines.append(heading)
        for name, _, value, text in options:
            left = f"  --{name} {value}".rstrip()
            for line in text.split("\n"):
                lines.append(f"{left:<28}{'  ' if len(left) >= 28 else ''}{line}")
                left = ""
        lines.append("")
    return "\n".join(lines[:-1]) + TAIL


KINDS = {name: kind for _, options in TABLE for name, kind, _, _ in options}
