# SPDX-License-Identifier: MIT
"""first-run: installs a guest from an installer ISO onto a disk, unattended.

`Attempt.install` has the order of the steps. At any end, the lock, the private folder and the
unfinished disk are removed; after a SIGKILL, the next call removes them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Callable, Sequence

from host.attempt import Attempt
from host.base import process
from host import hypervisors
from host.install.options import Options, parse
from host.base.codes import Code, Failure, report, report_help
from host.base.command_line import answer_common
from host.install.table import PROGRAM
from host.install.image_copy import require_keys_alone
from host.install.installer_iso import require_installer_iso
from host.install.keydrive import KeyDrive
from host.install.settings_check import check_drive, check_settings
from host.base.lock import Lock, path_of
from host.protocol.progress import Display

TOOL = "first-run"


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    os.umask(0o077)
    _open_streams()
    answer = answer_common(PROGRAM, argv)
    if answer is not None:
        print(answer, end="")
        return 0
    try:
        options = parse(argv)
    except Failure as failure:
        report(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            report_help(TOOL)
        return failure.code
    display = Display(TOOL, as_json=options.json, quiet=options.quiet)
    code, text = _attempt(lambda: run(options, display), options.done())
    process.ignore_signals()
    display.event("finished", code=code, text=text, disk=options.disks[0].path)
    if code == Code.SUCCESS:
        display.print_result(
            f"{options.done()}: {options.disks[0].path} (log: {options.records}.log)"
        )
    else:
        display.report(text)
    display.close()
    return code


def _open_streams() -> None:
    """Nothing else may get the numbers of the standard streams where they are closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _attempt(action: Callable[[], None], done: str) -> tuple[int, str]:
    """The exit status and the sentence of what happened."""
    process.raise_on_signals()
    try:
        action()
        return Code.SUCCESS, done
    except Failure as failure:
        return failure.code, failure.sentence
    except process.Interrupted as interrupted:
        return 128 + interrupted.number, "interrupted; the next call begins anew"
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Code.NO_ROOM, f"no room on the host: {error.filename or error.strerror}"
        where = f"{error.filename}: " if error.filename else ""
        return Code.INTERNAL, f"the host failed: {where}{error.strerror or error}"


def key_drive(options: Options) -> KeyDrive:
    """The keys, and the settings with the disk that we made where none is named."""
    drive = KeyDrive()
    if options.keys:
        drive.collect(options.keys)
    drive.add_settings("".join(f"{key} = {value}\n" for key, value in options.settings))
    if options.source:
        require_keys_alone(drive)
        return drive
    drive.add_host_keys(options.host_keys)
    drive.add_guest_files(options.files)
    drive.add_settings(options.missing(hypervisors.settings(options)))
    return drive


def _locks(options: Options) -> list[Lock]:
    """Of all names that another run could write under: the guest's disk, which run-guest locks so,
    too, the other new disks, and the records, which may lie elsewhere. Devices are held anyway."""
    guest = options.disks[0]
    if options.hypervisor == "libvirt":
        return [Lock(options.beside("lock"), guest.path)]
    disks = [disk for disk in options.disks if not disk.existing or disk is guest]
    paths = [path_of(disk.path) for disk in disks if not disk.is_device()]
    paths.append(options.beside("lock"))
    return [Lock(path, guest.path) for path in dict.fromkeys(paths)]


def run(options: Options, display: Display) -> None:
    """One attempt: holds what it needs, clears away what the last one left, keeps the records."""
    drive = key_drive(options)
    if not options.source:
        require_installer_iso(options.iso)
        check_settings(options.settings)
        check_drive(drive.content())
    with contextlib.ExitStack() as stack:
        lock, *_ = [stack.enter_context(lock) for lock in _locks(options)]
        hypervisor = hypervisors.choose(options)
        stack.callback(hypervisor.close)
        hypervisor.clear()
        with lock.run_folder() as private, hypervisor.held():
            attempt = Attempt(options, hypervisor, display, drive, private)
            outcome = _attempt(attempt.install, options.done())
            process.ignore_signals()
            code, text = outcome
            if code != Code.SUCCESS:
                hypervisor.discard()
                with contextlib.suppress(OSError):
                    attempt.record(code, text)
                raise Failure(code, text)
