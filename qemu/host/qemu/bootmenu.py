# SPDX-License-Identifier: MIT
"""The default entry of an ISO's boot menu.

Pure. Knows the menus of ISOLINUX (https://wiki.syslinux.org/wiki/index.php?title=Config) and of
GRUB, and of these only what the menus of installation media use.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Entry:
    """Kernel and initramfs by their paths inside the ISO, and the kernel's command line."""

    kernel: str
    initrd: str
    command_line: str


def _path(path: str) -> str:
    """An absolute path; a prefix such as ($root) is GRUB's device, which here is the ISO."""
    return "/" + re.sub(r"^\([^)]*\)", "", path).lstrip("/")


def read_isolinux(text: str) -> Optional[Entry]:
    """The entry that DEFAULT names, or has MENU DEFAULT, or is the first with a kernel."""
    entries: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    default = ""
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        word, rest = word.lower(), rest.strip()
        if word == "label":
            current = entries.setdefault(rest, {})
        elif word == "default":
            default = rest
        elif word == "menu" and rest.lower() == "default":
            current["default"] = "yes"
        elif word in ("linux", "kernel", "initrd", "append"):
            current[word] = rest
    chosen = [entries[default]] if default in entries else []
    chosen += [entry for entry in entries.values() if "default" in entry]
    for entry in [*chosen, *entries.values()]:
        found = _isolinux_entry(entry)
        if found:
            return found
    return None


def _isolinux_entry(entry: dict[str, str]) -> Optional[Entry]:
    """INITRD may stand in a line of its own or in APPEND."""
    words = entry.get("append", "").split()
    inside = [word[len("initrd=") :] for word in words if word.startswith("initrd=")]
    kernel = entry.get("linux") or entry.get("kernel", "")
    initrd = entry.get("initrd") or (inside[-1] if inside else "")
    if not kernel or not initrd or "," in initrd:
        return None
    rest = " ".join(word for word in words if not word.startswith("initrd="))
    return Entry(_path(kernel), _path(initrd), rest)


def read_grub(text: str) -> Optional[Entry]:
    """The first entry that has a `linux` and an `initrd` line after it; variables become nothing."""
    kernel: Optional[tuple[str, str]] = None
    for line in text.splitlines():
        match = re.match(r"\s*(?:if\s+)?(linux|initrd)(?:efi|16)?\s+(.*?)(?:;\s*then.*)?$", line)
        if not match:
            continue
        try:
            words = shlex.split(match[2], comments=True)
        except ValueError:
            continue
        words = [re.sub(r"\$\{?\w+\}?", "", word) for word in words]
        words = [word for word in words if word]
        if match[1] == "linux" and words:
            kernel = (_path(words[0]), " ".join(words[1:]))
        elif match[1] == "initrd" and kernel and len(words) == 1:
            return Entry(kernel[0], _path(words[0]), kernel[1])
    return None
