# SPDX-License-Identifier: MIT
"""run-guest: runs an installed guest; with a kernel, devices and a script of one's own, if wanted.

The story is in `live`. Whatever ends it, the guest, the lock and the private folder go with it.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from typing import List, Optional, Sequence, Union

from host import control, guest_options, process, terminal
from host.codes import Code, Failure, say
from host.daemon import Daemon, detach
from host.emulator import Machine, parse_size
from host.guest import TOOL, Guest
from host.guest_script import run_script
from host.guest_table import help_text
from host.guest_wishes import Wishes, check
from host.lock import Lock, path_of
from host.notify import notify

FIRST_RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "first-run")
LEAVE_TEXT = "Ctrl-] leaves the console"


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    os.umask(0o022)
    if "--help" in argv:
        print(help_text(), end="")
        return Code.SUCCESS
    process.raise_on_signals()
    try:
        return _do(check(guest_options.read(list(argv))))
    except (Failure, OSError) as error:
        failure = _failure(error)
        say(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            say(TOOL, "run-guest --help lists the options")
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number


def _do(wishes: Wishes) -> int:
    disk = os.path.realpath(wishes.guest)
    if wishes.status:
        return control.tell_status(disk, wishes.json)
    if wishes.stop:
        return control.stop(disk, wishes.stop_timeout)
    if wishes.console:
        running = control.find(disk)
        if running:
            say(TOOL, LEAVE_TEXT)
            terminal.attach(running.console())
            return Code.SUCCESS
    _make_guest(wishes, disk)
    daemon: Optional[Daemon] = None
    with Lock(path_of(disk), disk) as lock:
        if wishes.daemon:
            daemon = detach(TOOL)
        try:
            with lock.run_folder() as run:
                return live(Guest(wishes, disk, run), daemon)
        except (Failure, OSError) as error:
            failure = _failure(error)
            if daemon:
                daemon.failed(failure.code, failure.sentence)
            raise failure from None


def _failure(error: Union[Failure, OSError]) -> Failure:
    """What the host cannot do is told in a sentence, too."""
    if isinstance(error, Failure):
        return error
    where = f"{error.filename}: " if error.filename else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    code = Code.NO_ROOM if full else Code.INTERNAL
    return Failure(code, f"the host failed: {where}{error.strerror or error}")


def live(guest: Guest, daemon: Optional[Daemon]) -> int:
    """From the start to the end of a guest; returns the exit status."""
    wishes = guest.wishes
    try:
        guest.start()
        _greet(guest, daemon)
        if wishes.run:
            return run_script(guest)
        if wishes.console:
            _attach(guest)
        else:
            guest.wait()
        return Code.SUCCESS
    except process.Interrupted:
        if wishes.run:
            raise
        process.raise_on_signals()  # who asks again means at once
        notify("STOPPING=1\nSTATUS=the guest powers off")
        guest.stop()
        return Code.SUCCESS
    finally:
        process.ignore_signals()
        guest.close()


def _greet(guest: Guest, daemon: Optional[Daemon]) -> None:
    """How to log in, first of all; and what was chosen where there was a choice."""
    line = guest.way_in()
    way = f"folders are shared by {guest.way}" if guest.way else ""
    notify(f"READY=1\nSTATUS={line}")
    if daemon:
        daemon.ready(line + (f"\n{way}" if way else ""))
        return
    if way:
        say(TOOL, way)
    if guest.wishes.run or guest.wishes.console:
        say(TOOL, line)
    else:
        print(line, flush=True)


def _attach(guest: Guest) -> None:
    """The terminal is the console until the user leaves; then the guest is asked to power off."""
    say(TOOL, LEAVE_TEXT)
    assert guest.console
    if terminal.attach(guest.console):
        guest.stop()
    else:
        guest.wait()


def _make_guest(wishes: Wishes, disk: str) -> None:
    """Has first-run make the guest if there is none, and everything is there to make it."""
    if os.path.exists(disk):
        return
    if not wishes.iso:
        message = f"cannot find the disk {disk}; with --iso and --key, it would be made"
        raise Failure(Code.MISUSE, message)
    say(TOOL, f"there is no {disk} yet; first-run makes it")
    words: List[str] = [FIRST_RUN, "--disk", disk, "--size", wishes.size, "--iso", wishes.iso]
    for key in wishes.keys:
        words += ["--key", key]
    for setting in wishes.settings:
        words += ["--set", setting]
    child = process.Child(words + _installing(wishes), stdout=sys.stderr.fileno())
    try:
        status = child.wait()
    finally:
        child.close()
    if status != 0:
        raise Failure(status or Code.EMULATOR, "the guest could not be made")


def _installing(wishes: Wishes) -> List[str]:
    """The machine in which the guest is installed: its own, but the installer may need more memory,
    and has one card at most."""
    machine, least = wishes.machine, Machine().memory
    if parse_size("--memory", machine.memory) < parse_size("--memory", least):
        machine = replace(machine, memory=least)
    words = ["--memory", machine.memory, "--firmware", machine.firmware, "--accel", machine.accel]
    tapped = wishes.network == "none" and wishes.tap
    words += ["--network", f"tap={wishes.tap}" if tapped else wishes.network]
    return words + (["--cores", str(machine.cores)] if machine.cores else [])
