# SPDX-License-Identifier: MIT
"""The version of the host tools, the commit that they are of, and the names they are installed under.

Both are in files two folders above `host`: in the source tree, and where `make install` puts them.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
UNKNOWN = "unknown"
# The tools whose names are no other words: "iso" may be one.
IN_TEXT = re.compile(
    r"(?<![\w/.-])(first-run|run-guest|serve-cache|xen-domain|make-key-drive)(?![\w-])"
)


def name_of(tool: str) -> str:
    """The name that a user calls the tool by: `make install` gives it a prefix."""
    is_installed = TOP.parts[-2:] == ("share", "guest-installer")
    return f"guest-installer-{tool}" if is_installed else tool


def named(text: str) -> str:
    """The text with the tools under the names that a user calls them by."""
    return IN_TEXT.sub(lambda match: name_of(match[1]), text)


def number() -> str:
    """The content of the file VERSION."""
    try:
        return (TOP / "VERSION").read_text().strip()
    except OSError:
        return UNKNOWN


def commit() -> str:
    """The first word of the file COMMIT. In a clone that is a word of git's, which
    release/commit resolves."""
    try:
        words = (TOP / "COMMIT").read_text().split()
        if words and words[0].startswith("$Format"):
            output = subprocess.run(
                [TOP / "release" / "commit"], stdout=subprocess.PIPE, text=True, check=True
            ).stdout
            words = output.split()
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return words[0] if words else UNKNOWN
