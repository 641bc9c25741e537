# SPDX-License-Identifier: MIT
"""The options of first-run that have another meaning, or only have one, under libvirt.

Pure but for the environment variable LIBVIRT_DEFAULT_URI.
"""

from __future__ import annotations

import argparse
from typing import Optional

from host.base.codes import refuse
from host.install.checks import check_format, require_disk_size
from host.install.disk import Disk, new_serial
from host.libvirt import names
from host.xen.domain import DISK_NAMES as XEN_DISK_NAMES

# vda to vdy: vdz is the key drive.
MOST_DISKS = 25


def check(given: argparse.Namespace, volume: str) -> None:
    """What only libvirt has is no option elsewhere, and what needs files of this host is none there."""
    if given.hypervisor != "libvirt":
        for name in ("connect", "pool", "define", "start"):
            if getattr(given, name):
                refuse(f"--{name} needs --hypervisor libvirt")
        return
    for name in ("prove_boot", "system", "manifest", "cache", "direct", "boot_disk"):
        if getattr(given, name):
            refuse(f"--{name.replace('_', '-')} does not work with libvirt")
    uri = names.check_uri(given.connect or names.default_uri())
    most = MOST_DISKS
    if names.is_xen(uri):
        _check_xen(given)
        most = len(XEN_DISK_NAMES)
    if len(given.extra_disk) >= most:
        refuse(f"a domain has at most {most} disks here, the guest's own among them")
    names.check_pool(given.pool or names.DEFAULT_POOL)
    names.domain_name(given.name, volume)


def _check_xen(given: argparse.Namespace) -> None:
    """What libvirt's driver for Xen lacks."""
    if given.arch == "aarch64":
        refuse("Xen's domains are installed for x86-64 only here: use QEMU, or libvirt with QEMU")
    if given.network == "user":
        refuse("--network takes none, bridge=INTERFACE or network=NAME under Xen, not 'user'")
    if given.firmware == "uefi":
        refuse("under Xen, libvirt's domains boot by BIOS here: leave --firmware uefi away")
    if given.accel not in ("auto", ""):
        refuse("--accel is for QEMU: leave it away under Xen")


def parse_disks(given: argparse.Namespace) -> tuple[Disk, ...]:
    """Under libvirt, disks are volumes; whether they exist is known when there is a connection."""
    disks = [_parse_volume("--disk", given.disk, given.size or None, given.format, new_serial())]
    for number, text in enumerate(given.extra_disk, 1):
        name, _, size = text.partition(":")
        disks.append(_parse_volume("--extra-disk", name, size or None, "", f"extra{number}"))
    if len({disk.path for disk in disks}) < len(disks):
        refuse("one disk is named twice")
    return tuple(disks)


def _parse_volume(option: str, name: str, size: Optional[str], format: str, serial: str) -> Disk:
    names.check_volume(option, name)
    check_format(format)
    if size is not None:
        require_disk_size("--size" if option == "--disk" else option, size)
    return Disk(name, format, size, serial)
