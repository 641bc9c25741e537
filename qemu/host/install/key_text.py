# SPDX-License-Identifier: MIT
"""Refuses on the host, at once, key files that the installer would refuse in the machine.

Pure. The sentences are those of installer/input/ssh_keys.c and ssh_key_line.c, which have the last
word: a text that passes here is still checked there.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NoReturn, Optional

from host.base.codes import Code, Failure

LARGEST = 256 << 10
FORMS = (
    (
        "PuTTY-User-Key-File-",
        "is a private key of PuTTY: keep it to yourself, and put the public key here",
    ),
    (
        "---- BEGIN SSH2 PUBLIC KEY",
        "is a public key in RFC 4716 form: convert it with ssh-keygen -i -f",
    ),
    (
        "-----BEGIN",
        "is a PEM file and no line of authorized_keys: use the .pub file that ssh-keygen made",
    ),
)
PRIVATE = re.compile(r"^-----BEGIN [^\n]*PRIVATE KEY", re.MULTILINE)
PRIVATE_SENTENCE = "is a private key: keep it to yourself, and put the public key (.pub) here"
CERTIFICATE = (
    "is a certificate, which SSH servers do not take from authorized_keys: give the public key "
    "itself, whose file has no -cert in its name"
)
DSA = "is a DSA key (ssh-dss), which SSH servers no longer take"
TYPE = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+)\s+(\S+)")


def check(name: str, data: bytes) -> None:
    """Failure(MISUSE) if the file is of another form than authorized_keys, is a private key, or has
    no line but certificates and DSA keys. `name` is what the user calls it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        _refuse(name, "is UTF-16 text: save it as UTF-8 or ASCII")
    text = data.decode("utf-8-sig", "replace")
    if PRIVATE.search(text):
        _refuse(name, PRIVATE_SENTENCE)
    for start, sentence in FORMS:
        if re.search(rf"^{re.escape(start)}", text, re.MULTILINE):
            _refuse(name, sentence)
    if len(data) > LARGEST:
        _refuse(name, "is larger than 256 KiB, so it is no file of keys")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        _refuse(name, "has control characters, so it is no text of keys")
    _check_lines(name, text)


def _check_lines(name: str, text: str) -> None:
    """One good line is enough: the installer warns of the others."""
    first: Optional[str] = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        reason = _reason(line)
        if reason is None:
            return
        first = first or f"line {number} of {name} {reason}"
    if first:
        raise Failure(Code.MISUSE, first)


def _reason(line: str) -> Optional[str]:
    """Why no SSH server takes this line, as far as that is certain here."""
    match = TYPE.search(line)
    if not match:
        return None
    if match[1] == "ssh-dss":
        return DSA
    if "-cert-v" in match[1] and "cert-authority" not in line[: match.start(1)]:
        return CERTIFICATE
    try:
        blob = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return "has a key that is cut off or is not base64"
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != match[1].encode():
        return f"has a key of another type than the {match[1]} it says"
    return None


def _refuse(name: str, sentence: str) -> NoReturn:
    raise Failure(Code.MISUSE, f"{name} {sentence}")
