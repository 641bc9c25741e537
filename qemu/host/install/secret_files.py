# SPDX-License-Identifier: MIT
"""SSH host keys and further files on the key drive: which are taken, and under which names.

Pure. The sentences on keys are those of installer/input/host_key_file.c, which checks the keys again.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass
from typing import NoReturn, Sequence

from host.base.codes import Code, Failure
from host.base.command_line import Option

HOST_KEY = re.compile(r"ssh_host_[a-z0-9_-]+_key(\.pub)?", re.IGNORECASE)
ARMOUR = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----"
)
MAGIC = b"openssh-key-v1\0"
USUAL_NAMES = {"ssh-ed25519": "ssh_host_ed25519_key", "ssh-rsa": "ssh_host_rsa_key"} | {
    f"ecdsa-sha2-nistp{bits}": "ssh_host_ecdsa_key" for bits in (256, 384, 521)
}
MOST_GUEST_FILES = 8
# How the tools are given both.
OPTIONS = (
    Option(
        "host-key",
        "FILE",
        "an SSH host key of the guest, the private one without a passphrase",
        many=True,
    ),
    Option(
        "file",
        "TARGET=FILE[:MODE[:UID:GID]]",
        "a file for the guest, there before its activation runs",
        many=True,
    ),
)


def host_key_name(path: str, data: bytes) -> str:
    """The name on the drive of a private host key. Failure(MISUSE) says why it is none."""
    match = ARMOUR.search(data)
    if not match:
        encrypted = b"ENCRYPTED" in data
        _refuse(path, "is encrypted with a passphrase" if encrypted else _other_form(data))
    try:
        blob = base64.b64decode(b"".join(match[1].split()), validate=True)
        if not blob.startswith(MAGIC):
            raise ValueError
        cipher, rest = _take_string(blob[len(MAGIC) :])
        _, rest = _take_string(rest)
        _, rest = _take_string(rest)
        public, rest = _take_string(rest[4:])
        kind = _take_string(public)[0].decode()
    except (binascii.Error, ValueError):
        _refuse(path, "is damaged or cut off")
    if cipher != b"none":
        _refuse(path, "is encrypted with a passphrase: remove it with ssh-keygen -p -N '' -f FILE")
    if kind not in USUAL_NAMES:
        _refuse(path, "has a type with which an SSH server cannot identify itself")
    name = os.path.basename(path).lower()
    usual = USUAL_NAMES[kind]
    if name in USUAL_NAMES.values() and name != usual:
        _refuse(path, f"has the type {kind}: name its file {usual}")
    return name if HOST_KEY.fullmatch(name) and not name.endswith(".pub") else usual


def _take_string(data: bytes) -> tuple[bytes, bytes]:
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < end:
        raise ValueError
    return data[4:end], data[end:]


def _other_form(data: bytes) -> str:
    if b"PRIVATE KEY-----" in data:
        return "is a private key in PEM form: convert it with ssh-keygen -p -N '' -f FILE"
    return "is no private key of OpenSSH: give the file that ssh-keygen made, without .pub"


def _refuse(path: str, reason: str) -> NoReturn:
    raise Failure(Code.MISUSE, f"the host key {path} {reason}")


@dataclass(frozen=True)
class GuestFile:
    """A file that the drive brings into the guest."""

    target: str
    source: str
    access: str  # ":0600:0:0", or empty


def parse_guest_file(text: str) -> GuestFile:
    """TARGET=FILE[:MODE[:UID:GID]], as the installer's own option --file has it."""
    match = re.fullmatch(
        r"(/[^=\s]*)=([^\x00-\x1f]+?)((?::0[0-7]{3}(?::[0-9]{1,10}:[0-9]{1,10})?)?)", text
    )
    if not match:
        raise Failure(Code.MISUSE, f"--file takes TARGET=FILE[:MODE[:UID:GID]], not '{text}'")
    return GuestFile(*match.groups())


def setting_of(files: Sequence[GuestFile]) -> str:
    """The line of the installer's configuration that puts them into the guest."""
    if len(files) > MOST_GUEST_FILES:
        raise Failure(Code.MISUSE, f"more than {MOST_GUEST_FILES} --file are too many")
    words = [f"{file.target}=drive:{drive_name(i)}{file.access}" for i, file in enumerate(files)]
    return f"files = {' '.join(words)}\n" if words else ""


def drive_name(index: int) -> str:
    """A name that the drive has for nothing else."""
    return f"file-{index + 1}"
