# SPDX-License-Identifier: MIT
"""run-guest: runs an installed guest; with a kernel, devices and a script of one's own, if wanted.

The story is in `live`. Whatever ends it, the guest, the lock and the private folder go with it.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from typing import Optional, Sequence, Union

from host.base import process, terminal
from host.run import control, domain_guest, domain_options, words
from host.base.codes import Code, Failure, report, report_help
from host.base.daemon import Daemon, detach
from host.qemu.emulator import MachineOptions, parse_size
from host.run.guest import TOOL, Guest
from host.run.script import run_script
from host.base.command_line import answer_common
from host.run.table import PROGRAM
from host.run.domain_options import DomainOptions
from host.run.options import GuestOptions, check
from host.base.lock import Lock, path_of
from host.base.notify import notify
from host.base.version import name_of
from host.libvirt.names import default_uri

FIRST_RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "first-run")
LEAVE_TEXT = "Ctrl-] leaves the console"


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    os.umask(0o022)
    answer = answer_common(PROGRAM, argv)
    if answer is not None:
        print(answer, end="")
        return Code.SUCCESS
    process.raise_on_signals()
    try:
        given = words.read(list(argv))
        if words.hypervisor(given) == "libvirt":
            return domain_guest.run(domain_options.check(given, default_uri()), _make_domain)
        return _do(check(given))
    except (Failure, OSError) as error:
        failure = _failure(error)
        report(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            report_help(TOOL)
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number


def _do(options: GuestOptions) -> int:
    disk = os.path.realpath(options.guest)
    if options.status:
        return control.print_status(disk, options.json)
    if options.stop:
        return control.stop(disk, options.stop_timeout)
    if options.debug.dump:
        return control.dump(disk, options.debug.dump)
    if options.console:
        running = control.find(disk)
        if running:
            report(TOOL, LEAVE_TEXT)
            terminal.attach(running.console())
            return Code.SUCCESS
        if options.debug.dump_on_panic:
            message = "--dump-on-panic does not start with --console: use --daemon, then --console"
            raise Failure(Code.MISUSE, message)
    _make_guest(options, disk)
    daemon: Optional[Daemon] = None
    with Lock(path_of(disk), disk) as lock:
        if options.daemon:
            daemon = detach(TOOL)
        try:
            with lock.run_folder() as run:
                return live(Guest(options, disk, run), daemon)
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
    options = guest.options
    try:
        guest.start()
        _greet(guest, daemon)
        if options.run:
            return run_script(guest)
        if options.console:
            _attach(guest)
        else:
            guest.wait()
        return Code.SUCCESS
    except process.Interrupted:
        if options.run:
            raise
        process.raise_on_signals()  # a second signal ends the tool at once
        notify("STOPPING=1\nSTATUS=the guest powers off")
        guest.stop()
        return Code.SUCCESS
    finally:
        process.ignore_signals()
        guest.close()


def _greet(guest: Guest, daemon: Optional[Daemon]) -> None:
    """How to log in, first of all; and what was chosen where there was a choice."""
    line = guest.ssh_command()
    remarks = guest.remarks()
    notify(f"READY=1\nSTATUS={line}")
    if daemon:
        daemon.ready("\n".join([line, *remarks]))
        return
    for remark in remarks:
        report(TOOL, remark)
    if guest.options.run or guest.options.console:
        report(TOOL, line)
    else:
        print(line, flush=True)


def _attach(guest: Guest) -> None:
    """The terminal is the console until the user leaves; then the guest is asked to power off."""
    report(TOOL, LEAVE_TEXT)
    assert guest.console
    if terminal.attach(guest.console):
        guest.stop()
    else:
        guest.wait()


def _make_guest(options: GuestOptions, disk: str) -> None:
    """Has first-run make the guest if there is none, and everything is there to make it."""
    if os.path.exists(disk):
        return
    if not options.iso and not options.source:
        message = f"cannot find the disk {disk}; with --iso and --key, it would be made"
        raise Failure(Code.MISUSE, message)
    report(TOOL, f"there is no {disk} yet; {name_of('first-run')} makes it")
    command = [FIRST_RUN, "--disk", disk]
    command += ["--from", options.source] if options.source else ["--iso", options.iso]
    if options.size:
        command += ["--size", options.size]
    for key in options.keys:
        command += ["--key", key]
    for setting in options.settings:
        command += ["--set", setting]
    _run_first_run(command if options.source else command + _installing(options))


def _make_domain(options: DomainOptions) -> None:
    """Has first-run install and define the guest under libvirt."""
    where = ("--connect", options.connect, "--pool", options.pool, "--name", options.name)
    command = [FIRST_RUN, "--hypervisor", "libvirt", "--disk", options.volume, "--define", *where]
    _run_first_run([*command, *options.install_words])


def _run_first_run(command: Sequence[str]) -> None:
    child = process.Child(command, stdout=sys.stderr.fileno())
    try:
        status = child.wait()
    finally:
        child.close()
    if status != 0:
        raise Failure(status or Code.EMULATOR, "the guest could not be made")


def _installing(options: GuestOptions) -> list[str]:
    """The machine in which the guest is installed: its own, but the installer may need more memory,
    and has one card at most."""
    machine, least = options.machine, MachineOptions().memory
    if parse_size("--memory", machine.memory) < parse_size("--memory", least):
        machine = replace(machine, memory=least)
    words = ["--memory", machine.memory, "--firmware", machine.firmware, "--accel", machine.accel]
    words += ["--arch", machine.architecture.name]
    tapped = options.network == "none" and options.tap
    words += ["--network", f"tap={options.tap}" if tapped else options.network]
    return words + (["--cores", str(machine.cores)] if machine.cores else [])
