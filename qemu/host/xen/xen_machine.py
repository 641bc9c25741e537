# SPDX-License-Identifier: MIT
"""The machine that the installer runs in, under Xen: an HVM domain of `xl`, in its foreground.

A domain outlives the process that made it, so ours has an identifier that follows from the guest's disk: the
next run for this disk finds what a killed one left. No domain without it is ever destroyed.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from typing import Optional, Sequence

from host.qemu import emulator
from host.xen import domain
from host.install.options import BOOT_SERIAL, Options
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.install.disk import Disk
from host.install.key_drive_image import fill_image
from host.install.machine import ConsoleOnly
from host.xen.boot_files import take_boot
from host.xen.domain import Boot, Domain
from host.qemu.medium import BootFiles
from host.base.process import Child, run
from host.protocol.verdict import Result

XL_SECONDS = 300
END_SECONDS = 60
PAUSE_SECONDS = 0.5


def ordered(disks: Sequence[Disk]) -> list[Disk]:
    """The disks as the guest has them: pygrub reads the first one, so the boot disk is that."""
    return sorted(disks, key=lambda disk: disk.serial != BOOT_SERIAL)


def settings(disks: Sequence[Disk]) -> list[tuple[str, str]]:
    """How the installer is told its disks, which have no serial numbers under Xen."""
    names = dict(zip((disk.serial for disk in ordered(disks)), domain.DISK_NAMES))
    lines = [("disk", f"/dev/{names[disks[0].serial]}")]
    if BOOT_SERIAL in names:
        lines.append(("boot-disk", f"/dev/{names[BOOT_SERIAL]}"))
    return lines


def guest(options: Options) -> Domain:
    """The guest as a domain, with its disks under their final names."""
    name = options.name or re.sub(
        r"[^A-Za-z0-9_.+-]", "_", re.sub(r"\.(img|raw)$", "", os.path.basename(options.records))
    )
    bridge = options.network.partition("=")[2] or None
    found = Domain(
        name=name,
        disks=tuple(disk.path for disk in ordered(options.disks)),
        memory=domain.parse_memory(options.machine.memory),
        cores=options.machine.cores or 1,
        bridge=bridge,
    )
    domain.check(found)
    return found


def run_file(options: Options, results: Sequence[Result]) -> Optional[str]:
    """The domain file of the installed guest, whose kernel is taken out of the disk if it is the
    host's to start. None for a layout that no PV domain can boot."""
    layout = {result.key: result.value for result in results}.get("layout")
    if layout == "pygrub":
        return domain.pygrub_domain(guest(options))
    if layout == "direct":
        boot = take_boot(results, options.disks[0].working, options.records)
        return domain.direct_domain(guest(options), boot)
    return None


def identifier(options: Options) -> str:
    """The UUID of the domain that installs onto this disk, and of no other."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"guest-installer:{options.disks[0].path}"))


def clear(options: Options) -> None:
    """Destroys the domain that a killed run for this disk left, if there is one."""
    _destroy(emulator.find_program("xl"), identifier(options))


def _destroy(xl: str, wanted: str) -> bool:
    """Destroys the domain that has our identifier, by its number, since a name may belong to
    another domain by now. Returns whether xl listed such a domain."""
    status, listing = run([xl, "vm-list"], XL_SECONDS)
    if status != 0:
        raise Failure(Code.EMULATOR, f"xl cannot list the domains: {listing.strip()}")
    numbers = []
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[0].lower() == wanted and fields[1].isdecimal():
            numbers.append(fields[1])
            run([xl, "destroy", fields[1]], XL_SECONDS)
    return bool(numbers)


def _require_gone(xl: str, wanted: str) -> None:
    """Waits until no domain has our identifier; Failure(EMULATOR) if one stays."""
    deadline = Deadline(END_SECONDS)
    while _destroy(xl, wanted):
        if deadline.passed():
            raise Failure(Code.EMULATOR, f"xl cannot remove the domain {wanted}, which has ended")
        time.sleep(PAUSE_SECONDS)


def domain_ran(messages: str) -> bool:
    """Whether xl's messages say that the domain was started: xl then waits for its end."""
    try:
        with open(messages, encoding="utf-8", errors="replace") as file:
            return (
                re.search(r"^Waiting for domain .* to die", file.read(), re.MULTILINE) is not None
            )
    except OSError:
        return False


class XenMachine(ConsoleOnly):
    """A Machine under Xen; see install/machine.py."""

    def __init__(self, options: Options, boot: Optional[BootFiles], run_folder: str) -> None:
        """Starts it. The private folder has the key drive's folder `keys`."""
        self._xl = emulator.find_program("xl")
        self._identifier = identifier(options)
        self._messages = os.path.join(run_folder, "messages")
        console = os.path.join(run_folder, "console")
        for end in ("in", "out"):
            os.mkfifo(f"{console}.{end}", 0o600)
        # Before the device model has it open, so that nothing that it says is lost.
        self._console = os.open(f"{console}.out", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        file = os.path.join(run_folder, "domain")
        with open(file, "w", encoding="utf-8") as out:
            out.write(self._domain_file(options, boot, run_folder, f"pipe:{console}"))
        with open(self._messages, "wb") as messages:
            self._child = Child(
                [self._xl, "create", "-F", file], stdout=messages, stderr=messages, session=True
            )

    def _domain_file(
        self, options: Options, boot: Optional[BootFiles], run_folder: str, serial: str
    ) -> str:
        final = guest(options)
        installing = Domain(
            name=f"{final.name}-install",
            disks=tuple(disk.working for disk in ordered(options.disks)),
            memory=final.memory,
            cores=final.cores,
            bridge=final.bridge,
            uuid=self._identifier,
        )
        direct = Boot(boot.kernel, boot.initrd, boot.command_line) if boot else None
        keys = make_key_image(run_folder)
        return domain.install_domain(installing, options.iso, keys, serial, direct)

    def console(self) -> int:
        return self._console

    def fileno(self) -> int:
        return self._child.fileno()

    def end(self) -> None:
        _destroy(self._xl, self._identifier)
        self._child.end(END_SECONDS)

    def require_good_end(self, verdict_seen: bool) -> None:
        """xl also fails where a domain that has ended disappears before xl has removed its devices.

        That is an end of the domain: the domain ran if it gave a verdict, or if xl waited for its
        end. The disks count as released only when xl lists the domain no more.
        """
        status = self._child.wait(0)
        if status == 0:
            return
        if verdict_seen or domain_ran(self._messages):
            _require_gone(self._xl, self._identifier)
            return
        reason = emulator.log_tail(self._messages) or f"xl ended with {status}"
        raise Failure(Code.EMULATOR, f"xl failed: {reason}")

    def close(self) -> None:
        """A list of domains that cannot be had at the end does not replace the result."""
        try:
            if self._child.runs() or self._child.wait(0) != 0:
                with contextlib.suppress(Failure):
                    self.end()
                self._child.end(END_SECONDS)
        finally:
            self._child.close()
            os.close(self._console)


def make_key_image(run_folder: str) -> str:
    """The folder `keys` as an image of a FAT floppy, since Xen has no virtual one."""
    out = os.path.join(run_folder, "keys.img")
    fill_image(os.path.join(run_folder, "keys"), "KEYS", out)
    return out
