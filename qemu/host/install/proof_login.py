# SPDX-License-Identifier: MIT
"""The logins of the boot proof: with the key of this run, and the question which keys are accepted.

The question is the publickey query of RFC 4252, section 7: a key without a signature. ssh sends it
when it has the public half alone, and prints "Server accepts key" if the server would take it.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from host.base import process
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.protocol.verdict import harmless
from host.qemu.emulator import find_program

KEY_NAME = "proof-key"
HOSTS_NAME = "proof-hosts"
TRY_SECONDS = 60
PAUSE_SECONDS = 0.5
# A server may refuse while the guest still mounts its file systems; after so long it is final.
GRACE_SECONDS = 20
KEYS_AT_ONCE = 4  # sshd ends a connection after six refusals
FINAL = ("Permission denied", "Host key verification failed")
KEY = re.compile(
    r"(?:^|[ \t])((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+)[ \t]+(AAAA[A-Za-z0-9+/]+=*)"
)


@dataclass(frozen=True)
class GivenKey:
    """A public key that was given for the guest: type and base64, and whether its options may keep
    this host out."""

    kind: str
    blob: str
    restricted: bool


def given_keys(texts: Iterable[bytes]) -> list[GivenKey]:
    """The keys of authorized_keys texts. Lines without a key, certificates and authorities are left
    out."""
    keys: dict[str, GivenKey] = {}
    for text in texts:
        encoding = "utf-8-sig" if text.startswith(b"\xef\xbb\xbf") else "utf-8"
        for line in text.decode(encoding, "replace").splitlines():
            match = KEY.search(line.strip())
            if not match or line.lstrip().startswith("#") or "-cert-" in match[1]:
                continue
            options = line.strip()[: match.start(1)].lower()
            if "cert-authority" in options:
                continue
            restricted = re.search(r"from=|expiry-time=", options) is not None
            keys.setdefault(match[2], GivenKey(match[1], match[2], restricted))
    return list(keys.values())


def make_key(folder: str) -> str:
    """Makes the key pair of this run; returns the public key's line."""
    path = os.path.join(folder, KEY_NAME)
    command = [find_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "boot-proof"]
    status, said = process.run([*command, "-f", path], TRY_SECONDS)
    if status:
        raise Failure(Code.EMULATOR, f"ssh-keygen failed: {' '.join(said.split())}")
    with open(f"{path}.pub", encoding="ascii") as file:
        return file.read().strip()


class Client:
    """ssh to the guest, as the user, with the host keys that the installer reported."""

    def __init__(self, port: int, user: str, known_hosts: str, folder: str) -> None:
        """`known_hosts` is the text of the file; empty if the installer reported no host key."""
        self._folder = folder
        with open(os.path.join(folder, HOSTS_NAME), "w", encoding="ascii") as file:
            file.write(known_hosts)
        check = "yes" if known_hosts else "no"
        self._words = [
            *(find_program("ssh"), "-F", "/dev/null", "-p", str(port), "-l", user),
            *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"),
            *("-o", f"UserKnownHostsFile={HOSTS_NAME}", "-o", "GlobalKnownHostsFile=/dev/null"),
            *("-o", f"StrictHostKeyChecking={check}", "-o", "PreferredAuthentications=publickey"),
            *("-o", "ConnectTimeout=20"),
        ]

    def login(self, deadline: Deadline) -> None:
        """Runs `true` in the guest; retries until the deadline what a guest that still boots may
        refuse. Failure(NO_VERDICT) with ssh's reason if the guest refuses its owner."""
        grace: Optional[Deadline] = None
        reason = "no answer"
        while not deadline.passed():
            status, said = self._ssh(["-o", "LogLevel=ERROR", "-i", KEY_NAME], "true", deadline)
            if status == 0:
                return
            reason = harmless(" ".join(said.split())) or f"true ended with status {status}"
            if any(word in reason for word in FINAL):
                grace = grace or Deadline(GRACE_SECONDS)
                if grace.passed():
                    break
            time.sleep(min(PAUSE_SECONDS, deadline.left()))
        raise Failure(Code.NO_VERDICT, f"the installed guest does not let its owner in: {reason}")

    def refused(self, keys: Sequence[GivenKey], deadline: Deadline) -> list[GivenKey]:
        """Those of the keys that the server would not accept."""
        accepted: set[str] = set()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            accepted |= self._query(keys[start : start + KEYS_AT_ONCE], start, deadline)
        return [key for key in keys if key.blob not in accepted]

    def _query(self, keys: Sequence[GivenKey], first: int, deadline: Deadline) -> set[str]:
        words = ["-v"]
        names: dict[str, str] = {}
        for number, key in enumerate(keys, first):
            name = f"given{number}"
            with open(os.path.join(self._folder, f"{name}.pub"), "w", encoding="ascii") as file:
                file.write(f"{key.kind} {key.blob}\n")
            names[name] = key.blob
            words += ["-i", f"{name}.pub"]
        _, said = self._ssh(words, "true", deadline)
        found = re.findall(r"^debug1: Server accepts key: (given\d+)\b", said, re.MULTILINE)
        return {names[name] for name in found if name in names}

    def _ssh(self, words: list[str], command: str, deadline: Deadline) -> tuple[int, str]:
        seconds = max(1.0, min(TRY_SECONDS, deadline.left()))
        try:
            arguments = [*self._words, *words, "127.0.0.1", command]
            return process.run(arguments, seconds, folder=self._folder)
        except Failure as failure:
            return 255, failure.sentence
