# SPDX-License-Identifier: MIT
"""The disk of the boot proof: a copy of the installed one in which a further key may log in.

The installed disk is only read. qemu-img makes the copy, as sparse as the disk; partx finds the root
partition; debugfs replaces one file in it; nbdkit reads that file back.
"""

from __future__ import annotations

import os
import re

from host.base import files, process
from host.base.codes import Code, Failure
from host.install.disk import Disk
from host.qemu.disk_files import NotFound, find_partition, read_file
from host.qemu.emulator import find_program

PROGRAMS = ("qemu-img", "nbdkit", "partx", "debugfs", "ssh", "ssh-keygen")
TOOL_SECONDS = 1800
SECTOR = 512
LARGEST_FILE = 4 << 20
COPY = "disk.raw"
HOME = re.compile(r"(/[A-Za-z0-9_.+-]+)+")


def missing_programs() -> list[str]:
    """The programs of the proof that this host does not have."""
    absent = []
    for name in PROGRAMS:
        try:
            find_program(name)
        except Failure:
            absent.append(name)
    return absent


def make_copy(disk: Disk, folder: str, user: str, public_key: str) -> str:
    """Copies the disk into the folder and adds the line, if there is one, to the user's authorized_keys
    there; returns the copy's path. Failure(EMULATOR) if a program fails or the disk has no such file.
    """
    copy = os.path.join(folder, COPY)
    os.close(files.create(copy))
    arguments = ["convert", "-f", disk.format, "-O", "raw", disk.working, copy]
    _run(["qemu-img", *arguments], folder)
    if not public_key:
        return copy
    try:
        _add_key(copy, folder, user, public_key)
    except NotFound as error:
        sentence = (
            f"the installed disk does not boot: it has no file system with the guest ({error})"
        )
        raise Failure(Code.NO_VERDICT, sentence) from error
    return copy


def _add_key(copy: str, folder: str, user: str, public_key: str) -> None:
    partition, (home, owner, group) = _find_account(copy, user)
    path = f"{home}/.ssh/authorized_keys"
    try:
        text = read_file(copy, partition, path, LARGEST_FILE)
    except NotFound as error:
        raise _failure(user, str(error)) from error
    text += b"" if text.endswith(b"\n") else b"\n"
    text += public_key.encode() + b"\n"
    with open(os.path.join(folder, "authorized_keys"), "wb") as file:
        file.write(text)
    commands = [
        *(f"cd {home}/.ssh", "rm authorized_keys", "write authorized_keys authorized_keys"),
        "set_inode_field authorized_keys mode 0100600",
        f"set_inode_field authorized_keys uid {owner}",
        f"set_inode_field authorized_keys gid {group}",
    ]
    with open(os.path.join(folder, "commands"), "w", encoding="ascii") as script:
        script.write("\n".join(commands) + "\n")
    offset = _partition_start(folder, partition) * SECTOR
    said = _run(["debugfs", "-w", "-f", "commands", f"{COPY}?offset={offset}"], folder)
    if read_file(copy, partition, path, LARGEST_FILE) != text:
        raise _failure(user, said.strip().splitlines()[-1] if said.strip() else "debugfs failed")


def _find_account(copy: str, user: str) -> tuple[int, tuple[str, int, int]]:
    """The partition with the guest, and the user's account there. An image has no accounts before its first
    start, but root's is the same in each guest."""
    try:
        partition = find_partition(copy, "/etc/passwd")
    except NotFound:
        partition = find_partition(copy, "/etc/NIXOS")
        if user != "root":
            raise _failure(user, "the image has no /etc/passwd before its first start") from None
        return partition, ("/root", 0, 0)
    return partition, _account(read_file(copy, partition, "/etc/passwd", LARGEST_FILE), user)


def _account(passwd: bytes, user: str) -> tuple[str, int, int]:
    """Home, user and group number. Format: passwd(5)."""
    for line in passwd.decode(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[0] == user and HOME.fullmatch(fields[5]):
            return fields[5], int(fields[2]), int(fields[3])
    raise _failure(user, "the guest's /etc/passwd has no home for this user")


def _partition_start(folder: str, partition: int) -> int:
    """In sectors; 0 for a file system on the whole disk."""
    if not partition:
        return 0
    try:
        return int(_run(["partx", "-g", "-o", "START", "--nr", str(partition), COPY], folder))
    except Failure as failure:
        raise Failure(
            Code.NO_VERDICT, f"the installed disk does not boot: {failure.sentence}"
        ) from None


def _run(command: list[str], folder: str) -> str:
    words = [find_program(command[0]), *command[1:]]
    status, said = process.run(words, TOOL_SECONDS, folder=folder)
    if status:
        raise Failure(Code.EMULATOR, f"{command[0]} failed: {' '.join(said.split())}")
    return said


def _failure(user: str, reason: str) -> Failure:
    return Failure(Code.EMULATOR, f"the boot proof cannot give {user} a key of its own: {reason}")
