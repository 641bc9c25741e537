# SPDX-License-Identifier: MIT
"""The options of first-run for a guest that is the copy of an image (--from): which of the others go with it.

Pure but for the paths of the image.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import Optional

from host.base.codes import refuse

NO_INSTALLER = "a copy is made without an installer"
# Options that exclude --from, each with its reason.
FOREIGN = {
    **dict.fromkeys(
        ("iso", "direct", "arch", "system", "manifest", "cache", "signing-key"),
        NO_INSTALLER,
    ),
    "existing": "the copy is a new disk",
    "extra-disk": "the image has no such disk: give it to run-guest with --disk",
}


@dataclass(frozen=True)
class Source:
    """The image of a finished guest, and for layout pygrub that of its boot disk, or an empty string."""

    image: str
    boot: str


def parse_source(given: argparse.Namespace) -> Optional[Source]:
    """What --from and --from-boot name; None for an install. Failure(MISUSE) says what does not go together."""
    image: str = getattr(given, "from")
    if not image:
        if given.from_boot:
            refuse("--from-boot needs --from: the image whose boot disk it is")
        return None
    for name, reason in FOREIGN.items():
        if getattr(given, name.replace("-", "_")):
            refuse(f"--from and --{name} exclude each other: {reason}")
    if given.hypervisor == "libvirt":
        refuse(
            "--from and --hypervisor libvirt exclude each other: the copy is a file of this host, "
            "and no volume of a storage pool"
        )
    if given.hypervisor == "qemu" and given.network != "none":
        refuse(f"--from and --network {given.network} exclude each other: {NO_INSTALLER}")
    if bool(given.from_boot) != bool(given.boot_disk):
        refuse(
            "--from-boot and --boot-disk go together: the boot disk of the image, and that of its copy"
        )
    return Source(
        os.path.abspath(image), os.path.abspath(given.from_boot) if given.from_boot else ""
    )
