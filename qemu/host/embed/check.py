# SPDX-License-Identifier: MIT
"""Asks the installer itself whether it will accept what is to be embedded."""

from __future__ import annotations

import os
from typing import Optional

from host.base import files, process
from host.base.codes import Code, Failure, report
from host.base.installer import find_installer

CHECK_SECONDS = 60


def check(tool: str, area: bytes, manifest: Optional[str]) -> None:
    """Failure with the installer's own sentence and code if it refuses the area."""
    program = find_installer()
    if not program:
        report(
            tool,
            "warning: guest-installer is not installed here, so it checks nothing before it starts",
        )
        return
    with files.temporary_folder(secret=True) as folder:
        path = os.path.join(folder, "area")
        with os.fdopen(files.create(path), "wb") as file:
            file.write(area)
        arguments = [program, "check", "--embedded", path, *([manifest] if manifest else [])]
        status, text = process.run(arguments, CHECK_SECONDS)
    if status:
        sentence = text.strip().removeprefix("guest-installer: ")
        raise Failure(status if status > 0 else Code.INTERNAL, sentence)
