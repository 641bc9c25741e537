# SPDX-License-Identifier: MIT
"""How the system on a guest's disk wants to be started, read from the disk itself.

The disk is asked, and not what was recorded when it was installed, because a guest rebuilds its
system. nbdkit's ext2 filter (libext2fs) reads one file out of whatever format qemu-nbd knows, as an
ordinary user and without a copy of the disk; no partition is mounted. What the guest wrote there is
believed no further than a kernel, which runs inside, believes its command line.
Format: NixOS RFC 125 (bootspec), version 1.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Optional

from host.base.codes import Code, Failure
from host.qemu.emulator import disk_format, find_program
from host.base.process import run

PROFILE = "/nix/var/nix/profiles/system"
KEY = "org.nixos.bootspec.v1"
PARTITIONS = 8
BOOTSPEC_LIMIT = 1 << 20
COMMAND_LINE_LIMIT = 2048  # COMMAND_LINE_SIZE of x86
READ_SECONDS = 120


@dataclass(frozen=True)
class System:
    """The installed system: `partition` is the root's number on the disk, 0 for a whole disk."""

    partition: int
    init: str
    initrd: str
    parameters: tuple[str, ...]


def read_system(disk: str, run_folder: str) -> System:
    """What the system profile's boot.json says; Failure(EMULATOR) if no partition has one."""
    copy = os.path.join(run_folder, "boot.json")
    reason = ""
    for partition in (*range(1, PARTITIONS + 1), 0):
        reason = _copy_out(disk, partition, f"{PROFILE}/boot.json", copy) or ""
        if not reason:
            return _parse(copy, partition)
        if "partition" in reason and "not found" in reason:
            continue
    message = f"found no installed system on {disk} ({reason}); is there {PROFILE}/boot.json?"
    raise Failure(Code.EMULATOR, message)


def read_initrd(disk: str, system: System, run_folder: str) -> str:
    """Copies the installed system's initrd into the run folder and returns its path there."""
    if not system.initrd:
        message = f"the system on {disk} has no initrd; give one with --initrd, or --initrd none"
        raise Failure(Code.EMULATOR, message)
    copy = os.path.join(run_folder, "initrd")
    reason = _copy_out(disk, system.partition, system.initrd, copy)
    if reason:
        raise Failure(Code.EMULATOR, f"cannot read {system.initrd} of {disk}: {reason}")
    return copy


def _copy_out(disk: str, partition: int, path: str, copy: str) -> Optional[str]:
    """Copies one file of a file system of the disk; returns why not, or None. The copy may have
    zeros at its end, up to a whole sector."""
    # The ext2 filter hands the disk's holes on as if they were the file's (nbdkit 1.32).
    filters = [
        "--filter=noextents",
        "--filter=ext2",
        *(["--filter=partition"] if partition else []),
    ]
    server = [find_program("qemu-nbd"), "-r", "-f", disk_format(disk), disk]
    # The command is the only word that a shell sees.
    convert = 'exec qemu-img convert -f raw -O raw "$uri" "$GUEST_COPY"'
    status, output = run(
        [
            *(find_program("nbdkit"), "--readonly", "--unix", "-", *filters, "nbd"),
            f"command={server[0]}",
            *(f"arg={word}" for word in server[1:]),
            *([f"partition={partition}"] if partition else []),
            *(f"ext2file={path}", "--run", convert),
        ],
        READ_SECONDS,
        environment={**os.environ, "GUEST_COPY": copy},
    )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return None if status == 0 else (lines[0] if lines else f"status {status}")


def _parse(path: str, partition: int) -> System:
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read(BOOTSPEC_LIMIT).rstrip(b"\0"))
        spec = document[KEY]
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
