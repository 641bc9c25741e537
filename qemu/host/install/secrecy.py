# SPDX-License-Identifier: MIT
"""Which files of a key drive, or of an ISO with the same files, are secret; texts without their secrets.

Pure.
"""

from __future__ import annotations

import re
from typing import Mapping

from host.install.keydrive import SETTINGS

# Files that anyone may read; the settings, too, if they have neither a token nor a URL with a password.
PUBLIC = re.compile(
    r"(?i)(.*\.pub|authorized_keys|ca\.(pem|crt)|configuration\.nix|flake\.(nix|lock))"
)
PASSWORD = re.compile(r"://[^/@\s]+@")
# The installer's setting that is a secret, also where the line is malformed.
TOKEN = re.compile(r"(report-token\s*=?)[^\n]*")


def is_secret(name: str, data: bytes) -> bool:
    """Whether only its owner may read this file."""
    if name == SETTINGS:
        return has_secret(data.decode("utf-8", "replace"))
    return not PUBLIC.fullmatch(name)


def any_secret(content: Mapping[str, bytes]) -> bool:
    """Whether one of these files, by name, is secret."""
    return any(is_secret(name, data) for name, data in content.items())


def has_secret(text: str) -> bool:
    """Whether settings or kernel arguments have a password or a token."""
    return bool(PASSWORD.search(text) or TOKEN.search(text))


def hide(text: str) -> str:
    """The text without passwords and tokens."""
    return TOKEN.sub(r"\1 ***", PASSWORD.sub("://***@", text))
