# SPDX-License-Identifier: MIT
"""The installer's program on this host."""

from __future__ import annotations

import os
import shutil
from typing import Optional

TOP = os.path.abspath(f"{os.path.dirname(os.path.realpath(__file__))}/../../..")
# The repository's program, that of `make install`, and that of the user's choice.
PLACES = (f"{TOP}/build/guest-installer", f"{TOP}/../../bin/guest-installer")


def find_installer() -> Optional[str]:
    """The installer's program; None if this host has none."""
    for path in PLACES:
        if os.access(path, os.X_OK):
            return path
    return shutil.which("guest-installer")
