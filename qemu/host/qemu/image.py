# SPDX-License-Identifier: MIT
"""Takes files out of a guest's raw disk without mounting it: what the guest wrote there is foreign.

debugfs of e2fsprogs reads the ext4 file system, of a whole disk or of the first partition of an
MBR; nothing is written. A disk that is in use gives whatever it has at that moment.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from typing import Sequence

from host.qemu import emulator
from host.base.codes import Code, Failure
from host.xen.domain import Boot
from host.base.process import run
from host.protocol.verdict import Result

SECTOR = 512
EXTRACT_SECONDS = 600
LINUX = 0x83
EXT_MAGIC_OFFSET, EXT_MAGIC = 1080, b"\x53\xef"


def root_offset(image: str) -> int:
    """Where the file system begins, in bytes. Failure(MISUSE) if there is none that we know."""
    try:
        with open(image, "rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read {image}: {error.strerror}") from error
    if start[EXT_MAGIC_OFFSET : EXT_MAGIC_OFFSET + 2] == EXT_MAGIC:
        return 0
    kind, sector = struct.unpack("<4xB3xI4x", start[446:462].ljust(16, b"\0"))
    if start[510:512] == b"\x55\xaa" and kind == LINUX and sector:
        return int(sector) * SECTOR
    raise Failure(
        Code.MISUSE,
        f"{image} is no raw disk with an ext4 file system or with a first partition of one",
    )


def take_file(image: str, path: str, out: str) -> None:
    """Copies the file `path` of the guest to `out`, which appears under this name when it is whole."""
    if not re.fullmatch(r"(/[A-Za-z0-9_.+=?-]+)+", path):
        raise Failure(Code.MISUSE, f"'{path}' is no path that a kernel of a guest has")
    partial = f"{out}.new"
    if re.search(r"[\"\s]", partial):
        raise Failure(Code.MISUSE, f"debugfs cannot write to a path with blanks or quotes: {out}")
    disk = f"{image}?offset={root_offset(image)}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    command = [emulator.find_program("debugfs"), "-R", f"dump {path} {partial}", disk]
    status, said = run(command, EXTRACT_SECONDS)
    if status != 0 or not os.path.exists(partial) or not os.path.getsize(partial):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        reason = said.strip().split("\n")[-1]
        raise Failure(Code.EMULATOR, f"cannot take {path} out of {image}: {reason}")
    os.chmod(partial, 0o644)
    os.replace(partial, out)


def take_boot(results: Sequence[Result], disk: str, out: str) -> Boot:
    """Copies the installed kernel and initramfs out of the disk, to OUT.kernel and OUT.ramdisk.

    The results are the installer's. A PV domain has no console but hvc0, so the kernel is told.
    """
    known = {result.key: result.value for result in results}
    missing = [key for key in ("kernel", "initrd", "cmdline") if key not in known]
    if missing:
        raise Failure(Code.MISUSE, f"the installer did not name the guest's {missing[0]}")
    boot = Boot(f"{out}.kernel", f"{out}.ramdisk", known["cmdline"])
    take_file(disk, known["kernel"], boot.kernel)
    take_file(disk, known["initrd"], boot.ramdisk)
    if "console=hvc0" in boot.command_line.split():
        return boot
    return Boot(boot.kernel, boot.ramdisk, f"{boot.command_line} console=hvc0")
