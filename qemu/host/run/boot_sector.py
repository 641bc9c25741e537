# SPDX-License-Identifier: MIT
"""Whether firmware can boot a disk at all: a guest that is not there has no login to wait for."""

from __future__ import annotations

import os
import subprocess

from host.base.codes import Code, Failure
from host.base.version import name_of
from host.qemu.emulator import disk_format, find_program


def check(disk: str, run: str) -> None:
    """Failure(MISUSE) if the disk's first sector is blank. `run` is a private folder. A disk that
    cannot be read is left to QEMU, which says why."""
    sector = os.path.join(run, "sector")
    command = [find_program("qemu-img"), "dd", "-U", "-f", disk_format(disk), "-O", "raw"]
    words = ["bs=512", "count=1", f"if={disk}", f"of={sector}"]
    done = subprocess.run(
        [*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        return
    with open(sector, "rb") as file:
        if any(file.read()):
            return
    raise Failure(
        Code.MISUSE,
        f"no firmware boots the disk {disk}: its first sector is blank; install a guest on it by "
        f"{name_of('first-run')} --existing, or give a kernel by --kernel",
    )
