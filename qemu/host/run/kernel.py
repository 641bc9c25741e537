# SPDX-License-Identifier: MIT
"""QEMU's arguments for a kernel of one's own on the installed disk, and its command line.

The installed system's own words come first, ours next, the user's last: later ones win.
"""

from __future__ import annotations

import ipaddress
import os

from host.qemu.bootspec import COMMAND_LINE_LIMIT, System, read_initrd, read_system
from host.base.codes import Code, Failure
from host.run.devices import TAP_NAME, tap_mac
from host.run.kernel_file import kernel_release
from host.run.options import MODULES_TAG, Share, GuestOptions
from host.run.share import mount_point, mount_options


def modules_share(options: GuestOptions) -> Share:
    """The folder of the modules that fit the kernel, to be mounted where the guest looks for them."""
    release = kernel_release(options.kernel)
    if not release:
        raise Failure(Code.MISUSE, f"{options.kernel} is no kernel: which modules are its own?")
    for folder in (f"lib/modules/{release}", release):
        path = os.path.join(options.modules, folder)
        if os.path.isdir(path):
            return Share(path, MODULES_TAG, readonly=True)
    if os.path.basename(options.modules) == release:
        return Share(options.modules, MODULES_TAG, readonly=True)
    raise Failure(
        Code.MISUSE, f"{options.modules} has no modules of the kernel's release {release}"
    )


def kernel_arguments(options: GuestOptions, disk: str, transport: str, run: str) -> list[str]:
    """-kernel, -initrd and -append; `transport` is how shares reach the guest."""
    system = read_system(disk)
    arguments = ["-kernel", options.kernel]
    initrd = options.initrd or read_initrd(disk, system, run)
    if initrd != "none":
        arguments += ["-initrd", initrd]
    line = command_line(options, system, transport)
    if len(line.encode()) >= COMMAND_LINE_LIMIT:
        message = f"the kernel's command line is longer than {COMMAND_LINE_LIMIT - 1} bytes: {line}"
        raise Failure(Code.MISUSE, message)
    return [*arguments, "-append", line]


def command_line(options: GuestOptions, system: System, transport: str) -> str:
    """The whole command line. What systemd, as of version 254, understands is used for mounts and
    addresses."""
    words = [f"init={system.init}", *system.parameters]
    if options.initrd == "none":
        number = str(system.partition) if system.partition else ""
        words += [f"root=/dev/vda{number}", "rw"]
    console = f"console={options.machine.architecture.serial_console}"
    if not any(word.startswith(console) for word in words):
        words.append(console)
    if options.run:
        words.append("panic=-1")  # at once; QEMU then ends instead of starting again
    if options.debug.gdb:
        words.append("nokaslr")  # the symbols of vmlinux are those of a kernel that was not moved
    for share in all_shares(options):
        where = mount_point(share, kernel_release(options.kernel))
        mount = f"{share.tag}:{where}:{transport}:{mount_options(share, transport)},nofail"
        words.append(f"systemd.mount-extra={mount}")
    if options.address:
        interface = ipaddress.IPv4Interface(options.address)
        words.append(f"ifname={TAP_NAME}:{tap_mac(options.guest)}")
        words.append(f"ip={interface.ip}:::{interface.netmask}::{TAP_NAME}:none")
    return " ".join([*words, *([options.append] if options.append else [])])


def all_shares(options: GuestOptions) -> list[Share]:
    """The shares of the user, and that of the modules."""
    return [*options.shares, *([modules_share(options)] if options.modules else [])]
