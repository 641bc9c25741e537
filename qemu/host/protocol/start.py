# SPDX-License-Identifier: MIT
"""What first-run refuses of an installer that starts the guest: the machine then runs on behind the
verdict, or nothing was installed.

Pure. A setting is refused before anything starts, a result as soon as it is read.
"""

from __future__ import annotations

from typing import Mapping, Optional

from host.base.codes import Code, Failure
from host.protocol.verdict import Event, Result

ALREADY_INSTALLED = 13  # the installer's own code


def refused_setting(settings: Mapping[str, str]) -> Optional[str]:
    """Why first-run does not take these settings; None if it does."""
    if settings.get("on-success") == "kexec":
        return (
            "this program waits until the machine powers off, and with on-success=kexec the guest starts"
            " in it: leave that away, and start the guest afterwards"
        )
    if settings.get("if-installed") == "boot":
        return (
            "this program installs on a blank disk, and if-installed=boot starts a guest that is on it:"
            " leave that away, and start the guest afterwards"
        )
    return None


def check_result(event: Event) -> None:
    """Failure if the machine starts a guest, as the configuration of the ISO can say."""
    if event == Result("already-installed", "yes"):
        raise Failure(
            ALREADY_INSTALLED,
            "target: the disk has a finished install, which the ISO starts (if-installed=boot): give"
            " it a blank disk, or say --set if-installed=fail",
        )
    if event == Result("start", "kexec"):
        raise Failure(
            Code.MISUSE,
            "the configuration of the ISO has on-success=kexec, so the machine would run on with the"
            " guest instead of powering off: say --set on-success=poweroff",
        )
