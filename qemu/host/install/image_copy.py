# SPDX-License-Identifier: MIT
"""The installer's program on this host, which makes the guest's disks as the copy of an image.

It speaks the installer's protocol, so it takes the place of the machine (install/machine.py): no machine is
started. It makes its files without a name and gives them the disks' temporary names when they are complete.
"""

from __future__ import annotations

import os
import subprocess
from typing import Sequence

from host.base import process
from host.base.codes import Code, Failure
from host.base.installer import find_installer
from host.install.keydrive import KeyDrive, SETTINGS
from host.install.machine import ConsoleOnly
from host.install.options import Options

MESSAGES = "messages"


class ImageCopy(ConsoleOnly):
    """A Machine that is none; see install/machine.py."""

    def __init__(self, options: Options, run: str) -> None:
        """Starts it. `run` has the keys and the settings in the folder `keys`."""
        self._messages = os.path.join(run, MESSAGES)
        environment = {**os.environ, "TMPDIR": run}  # what a kill leaves goes with that folder
        with open(self._messages, "wb") as messages:
            self._child = process.Child(
                arguments(options, os.path.join(run, "keys")),
                stdout=subprocess.PIPE,
                stderr=messages,
                session=True,
                environment=environment,
            )

    def console(self) -> int:
        pipe = self._child.pipes[1]
        assert pipe
        return pipe.fileno()

    def fileno(self) -> int:
        return self._child.fileno()

    def end(self) -> None:
        self._child.kill()

    def require_good_end(self, verdict_seen: bool) -> None:
        """Options that the program does not take are answered without a verdict."""
        status = self._child.wait() or 0
        if verdict_seen or status == 0:
            return
        with open(self._messages, encoding="utf-8", errors="replace") as file:
            said = file.read().strip().removeprefix("guest-installer: ")
        if status > 0 and said:
            raise Failure(status, said)
        raise Failure(Code.EMULATOR, f"guest-installer ended with status {status}")

    def close(self) -> None:
        self._child.close()


def require_keys_alone(drive: KeyDrive) -> None:
    """Failure(MISUSE) if --key brings a file that only an install uses."""
    known = (SETTINGS, *drive.key_names())
    for name in drive.files:
        if name not in known:
            raise Failure(
                Code.MISUSE,
                f"--key brings {name}, and --from copies a guest that is installed: leave it out",
            )


def arguments(options: Options, keys: str) -> Sequence[str]:
    """The program's command line. Host keys and files are passed as they are given."""
    program, source = find_installer(), options.source
    if not program:
        raise Failure(
            Code.EMULATOR,
            "the program guest-installer, which copies the image, is not installed here",
        )
    assert source
    disk, *more = options.disks
    words = [program, "image", "--from", source.image, "--format", disk.format]
    words += ["--config", os.path.join(keys, SETTINGS)]
    if disk.size:
        words += ["--size", disk.size]
    for name in sorted(os.listdir(keys)):
        if name != SETTINGS:
            words += ["--key", os.path.join(keys, name)]
    for path in options.host_keys:
        words += ["--host-key", path]
    for text in options.files:
        words += ["--file", text]
    for boot in more:
        words += ["--boot-disk", source.boot, "--boot-output", boot.working]
    return [*words, disk.working]
