# SPDX-License-Identifier: MIT
"""Which architecture the machine of a guest has: the one that was named, or that of what it starts."""

from __future__ import annotations

import os
from typing import Optional

from host.base import architectures
from host.base.architectures import X86_64, Architecture
from host.base.codes import Code, Failure
from host.install.installer_iso import architecture_of
from host.qemu.root_type import architecture_of_disk
from host.run.kernel_file import read_head


def choose(named: str, kernel: str = "", iso: str = "", disk: str = "") -> Architecture:
    """Failure(MISUSE) if the kernel is for another architecture than the one that was named. Files that
    cannot be read are refused elsewhere."""
    wanted = architectures.find(named) if named else None
    found = _of_kernel(kernel)
    if wanted and found and wanted is not found:
        sentence = f"--arch {wanted.name}, but the kernel {kernel} is for {found.name}"
        raise Failure(Code.MISUSE, sentence)
    if wanted or found:
        return wanted or found or X86_64
    if os.path.exists(disk):
        return architecture_of_disk(disk) or X86_64
    return architecture_of(iso) if os.path.isfile(iso) else X86_64


def _of_kernel(path: str) -> Optional[Architecture]:
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return None
    return architectures.of_kernel(read_head(path))
