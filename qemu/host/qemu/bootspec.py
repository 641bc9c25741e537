# SPDX-License-Identifier: MIT
"""How the system on a guest's disk wants to be started, read from the disk itself.

The disk is asked, and not what was recorded when it was installed, because a guest rebuilds its
system. What the guest wrote there becomes a kernel's command line, which runs inside the guest, and
nothing else.
Format: NixOS RFC 125 (bootspec), version 1.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from host.base.codes import Code, Failure
from host.qemu.disk_files import NotFound, copy_file, find_partition, read_file

PROFILE = "/nix/var/nix/profiles/system"
KEY = "org.nixos.bootspec.v1"
PARTITIONS = 8
BOOTSPEC_LIMIT = 1 << 20
COMMAND_LINE_LIMIT = 2048  # COMMAND_LINE_SIZE of x86


@dataclass(frozen=True)
class System:
    """The installed system: `partition` is the root's number on the disk, 0 for a whole disk."""

    partition: int
    init: str
    initrd: str
    parameters: tuple[str, ...]


def read_system(disk: str) -> System:
    """What the system profile's boot.json says; Failure(EMULATOR) if no partition has one."""
    path = f"{PROFILE}/boot.json"
    try:
        partition = find_partition(disk, path)
        return _parse(read_file(disk, partition, path, BOOTSPEC_LIMIT), partition)
    except NotFound as error:
        message = f"found no installed system on {disk} ({error}); is there {path}?"
        raise Failure(Code.EMULATOR, message) from error


def read_initrd(disk: str, system: System, run_folder: str) -> str:
    """Copies the installed system's initrd into the run folder and returns its path there."""
    if not system.initrd:
        message = f"the system on {disk} has no initrd; give one with --initrd, or --initrd none"
        raise Failure(Code.EMULATOR, message)
    copy = os.path.join(run_folder, "initrd")
    try:
        copy_file(disk, system.partition, system.initrd, copy)
    except NotFound as error:
        message = f"cannot read {system.initrd} of {disk}: {error}"
        raise Failure(Code.EMULATOR, message) from error
    return copy


def _parse(text: bytes, partition: int) -> System:
    try:
        spec = json.loads(text)[KEY]
        system = System(
            partition=partition,
            init=_word(spec["init"]),
            initrd=_word(spec.get("initrd") or ""),
            parameters=tuple(_word(parameter) for parameter in spec["kernelParams"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the guest's {PROFILE}/boot.json makes no sense: {error!r}"
        raise Failure(Code.EMULATOR, message) from error
    return system


def _word(value: Any) -> str:
    if not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError(f"not a word: {value!r}")
    return value
