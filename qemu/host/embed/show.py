# SPDX-License-Identifier: MIT
"""The command show: what is embedded, without secrets.

Pure.
"""

from __future__ import annotations

import re
from typing import Optional

from host.install.keydrive import SETTINGS
from host.install.secrecy import hide, is_secret
from host.protocol.area import Embedded

SHOWN = re.compile(r"(?i)(.*\.pub|authorized_keys)")
CONTROL = re.compile(r"[^\t\n -~\u00a0-\U0010ffff]")


def describe(embedded: Optional[Embedded]) -> str:
    """What is embedded, as text for a terminal."""
    if not embedded:
        return "nothing is embedded\n"
    what = embedded.description
    lines = [f"original: {what.original_bytes} bytes, sha256 {what.original_sha256}"]
    if what.kernel_arguments:
        lines.append(f"kernel-args: {hide(what.kernel_arguments)}")
    if what.appended:
        lines.append(f"closure: {what.appended[1]} bytes at {what.appended[0]}")
    for name, data in embedded.files.items():
        lines += _file(name, data)
    return CONTROL.sub("?", "\n".join(lines)) + "\n"


def _file(name: str, data: bytes) -> list[str]:
    head = f"{name}: {len(data)} bytes"
    if name != SETTINGS and not SHOWN.fullmatch(name):
        return [f"{head}, secret" if is_secret(name, data) else head]
    text = hide(data.decode("utf-8", "replace"))
    return [f"{head}:", *(f"  {line}" for line in text.splitlines())]
