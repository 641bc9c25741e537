# SPDX-License-Identifier: MIT
"""Kernel and initramfs of an installed guest, copied out of its disk for a domain that dom0 boots."""

from __future__ import annotations

from typing import Sequence

from host.base.codes import Code, Failure
from host.protocol.verdict import Result
from host.qemu.disk_files import NotFound, copy_file, find_partition
from host.xen.domain import Boot


def take_boot(results: Sequence[Result], disk: str, out: str) -> Boot:
    """Copies the installed kernel and initramfs out of the disk, to OUT.kernel and OUT.ramdisk.
    Xen has raw disks only, whatever their names are.

    The results are the installer's. A PV domain has no console but hvc0, so the kernel is told.
    """
    known = {result.key: result.value for result in results}
    missing = [key for key in ("kernel", "initrd", "cmdline") if key not in known]
    if missing:
        raise Failure(Code.MISUSE, f"the installer did not name the guest's {missing[0]}")
    boot = Boot(f"{out}.kernel", f"{out}.ramdisk", known["cmdline"])
    try:
        partition = find_partition(disk, known["kernel"], format="raw")
        copy_file(disk, partition, known["kernel"], boot.kernel, format="raw")
        copy_file(disk, partition, known["initrd"], boot.ramdisk, format="raw")
    except NotFound as error:
        raise Failure(Code.EMULATOR, f"cannot take the kernel out of {disk}: {error}") from error
    if "console=hvc0" in boot.command_line.split():
        return boot
    return Boot(boot.kernel, boot.ramdisk, f"{boot.command_line} console=hvc0")
