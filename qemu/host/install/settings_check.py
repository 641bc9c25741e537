# SPDX-License-Identifier: MIT
"""Asks the installer's program on this host whether the installer will take settings and keys, before a
machine is started only to be refused. Without the program on this host, the installer is the first to refuse them.

Tested by: tests/host/test_settings_check.py
"""

from __future__ import annotations

import os
from typing import Mapping, Sequence

from host.base import files, process
from host.base.codes import Code, Failure
from host.base.installer import find_installer
from host.protocol.area import Description, Embedded, encode

CHECK_SECONDS = 60
NO_KEY = 20  # the installer's own code
# The files of a key drive are given to the program as those of an ISO.
EMBEDDED = " embedded in the ISO"


def check_settings(settings: Sequence[tuple[str, str]]) -> None:
    """The settings of --set. Failure has the program's own sentence."""
    if settings:
        _check([f"--set={key}={value}" for key, value in settings])


def check_drive(content: Mapping[str, bytes]) -> None:
    """The files of the key drive."""
    if not find_installer():
        return
    with files.temporary_folder(secret=True) as folder:
        path = os.path.join(folder, "drive")
        with os.fdopen(files.create(path), "wb") as file:
            file.write(encode(Embedded(dict(content), Description())))
        _check(["--embedded", path])


def _check(words: Sequence[str]) -> None:
    program = find_installer()
    if not program:
        return
    status, text = process.run([program, "check", *words], CHECK_SECONDS)
    if status in (Code.MISUSE, NO_KEY):
        sentence = text.strip().removeprefix("guest-installer: ")
        raise Failure(status, sentence.replace(EMBEDDED, ""))
