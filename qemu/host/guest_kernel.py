# SPDX-License-Identifier: MIT
"""QEMU's arguments for a kernel of one's own on the installed disk, and its command line.

The installed system's own words come first, ours next, the user's last: later ones win.
"""

from __future__ import annotations

import ipaddress
import os
import struct
from typing import List, Optional

from host.bootspec import COMMAND_LINE_LIMIT, System, read_initrd, read_system
from host.codes import Code, Failure
from host.guest_devices import TAP_NAME, tap_mac
from host.guest_wishes import MODULES_TAG, Share, Wishes
from host.share import mount_point, mount_options

HEADER_BYTES = 1 << 16


def kernel_release(path: str) -> Optional[str]:
    """What `uname -r` will say, or None if the file is no bzImage.

    Format: Linux, Documentation/arch/x86/boot.rst (header magic 0x202, kernel_version 0x20e).
    """
    with open(path, "rb") as file:
        head = file.read(HEADER_BYTES)
    if len(head) < 0x210 or head[0x202:0x206] != b"HdrS":
        return None
    start = struct.unpack_from("<H", head, 0x20E)[0] + 0x200
    words = head[start : start + 256].split(b"\0")[0].decode("ascii", "replace").split()
    return words[0] if words else None


def modules_share(wishes: Wishes) -> Share:
    """The folder of the modules that fit the kernel, to be mounted where the guest looks for them."""
    release = kernel_release(wishes.kernel)
    if not release:
        raise Failure(Code.MISUSE, f"{wishes.kernel} is no bzImage: which modules are its own?")
    for folder in (f"lib/modules/{release}", release):
        path = os.path.join(wishes.modules, folder)
        if os.path.isdir(path):
            return Share(path, MODULES_TAG, readonly=True)
    if os.path.basename(wishes.modules) == release:
        return Share(wishes.modules, MODULES_TAG, readonly=True)
    raise Failure(Code.MISUSE, f"{wishes.modules} has no modules of the kernel's release {release}")


def kernel_arguments(wishes: Wishes, disk: str, way: str, run: str) -> List[str]:
    """-kernel, -initrd and -append; `way` is how shares reach the guest."""
    system = read_system(disk, run)
    arguments = ["-kernel", wishes.kernel]
    initrd = wishes.initrd or read_initrd(disk, system, run)
    if initrd != "none":
        arguments += ["-initrd", initrd]
    line = command_line(wishes, system, way)
    if len(line.encode()) >= COMMAND_LINE_LIMIT:
        message = f"the kernel's command line is longer than {COMMAND_LINE_LIMIT - 1} bytes: {line}"
        raise Failure(Code.MISUSE, message)
    return [*arguments, "-append", line]


def command_line(wishes: Wishes, system: System, way: str) -> str:
    """The whole command line. What systemd, as of version 254, understands is used for mounts and
    addresses."""
    words = [f"init={system.init}", *system.parameters]
    if wishes.initrd == "none":
        number = str(system.partition) if system.partition else ""
        words += [f"root=/dev/vda{number}", "rw"]
    if not any(word.startswith("console=ttyS0") for word in words):
        words.append("console=ttyS0")
    if wishes.run:
        words.append("panic=-1")  # at once; QEMU then ends instead of starting again
    for share in all_shares(wishes):
        where = mount_point(share, kernel_release(wishes.kernel))
        options = mount_options(share, way)
        words.append(f"systemd.mount-extra={share.tag}:{where}:{way}:{options},nofail")
    if wishes.address:
        interface = ipaddress.IPv4Interface(wishes.address)
        words.append(f"ifname={TAP_NAME}:{tap_mac(wishes.guest)}")
        words.append(f"ip={interface.ip}:::{interface.netmask}::{TAP_NAME}:none")
    return " ".join([*words, *([wishes.append] if wishes.append else [])])


def all_shares(wishes: Wishes) -> List[Share]:
    """The shares of the user, and that of the modules."""
    return [*wishes.shares, *([modules_share(wishes)] if wishes.modules else [])]
