# SPDX-License-Identifier: MIT
"""The hypervisors of first-run: QEMU and Xen with files of this host, and libvirt."""

from __future__ import annotations

from typing import ContextManager, Optional, Sequence

from host.base import files
from host.base.codes import report
from host.install import disk, qemu_machine
from host.install.hypervisor import Hypervisor
from host.install.image_copy import ImageCopy
from host.install.machine import Machine
from host.install.options import Options
from host.install.qemu_machine import QemuMachine
from host.libvirt.libvirt_host import LibvirtHost
from host.libvirt.names import is_xen
from host.protocol.verdict import Result
from host.qemu import emulator
from host.qemu.medium import BootFiles, take_boot_files
from host.xen import xen_machine
from host.xen.xen_machine import XenMachine

TOOL = "first-run"


def choose(options: Options) -> Hypervisor:
    """The one that was asked for."""
    if options.hypervisor == "libvirt":
        return LibvirtHost(options)
    if options.hypervisor == "xen":
        return XenHost(options)
    return QemuHost(options)


def settings(options: Options) -> list[tuple[str, str]]:
    """How the installer is told its disks; the program that copies an image gets their names."""
    if options.source:
        return []
    by_libvirt = options.hypervisor == "libvirt" and is_xen(options.connect)
    on_xen = by_libvirt or options.hypervisor == "xen"
    naming = xen_machine.settings if on_xen else qemu_machine.settings
    return naming(options.disks)


class FileHost:
    """Disks that are files or block devices of this host."""

    accel = ""

    def __init__(self, options: Options) -> None:
        self._options = options
        if options.source:
            self.accel = "none"

    def clear(self) -> None:
        disk.recover(self._options.disks)
        disk.require_absent(self._options.disks)

    def held(self) -> ContextManager[None]:
        return disk.held(self._options.disks)

    def make(self) -> None:
        """A copy's disks are made by the program that copies."""
        if not self._options.source:
            disk.make(self._options.disks)

    def machine(self, run: str) -> Machine:
        """The installer's machine, or what makes a copy without one."""
        return ImageCopy(self._options, run) if self._options.source else self._installer(run)

    def _installer(self, run: str) -> Machine:
        raise NotImplementedError

    def has_no_room(self) -> bool:
        return disk.has_no_room(self._options.disks[0].folder)

    def check(self) -> None:
        disk.check(self._options.disks)

    def write_domain(self, results: Sequence[Result]) -> None:
        """QEMU's machines are started by run-guest, which needs no file."""

    def publish(self) -> None:
        disk.publish(self._options.disks)

    def discard(self) -> None:
        disk.discard(self._options.disks, keep=self._options.keep_failed)

    def close(self) -> None:
        """Nothing is held between the calls."""

    def _boot_files(self, run: str) -> Optional[BootFiles]:
        return take_boot_files(self._options.iso, run) if self._options.direct else None


class QemuHost(FileHost):
    """QEMU as a child of this process."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        if not options.source or options.prove_boot:
            self.accel = emulator.acceleration(options.machine)

    def _installer(self, run: str) -> Machine:
        return QemuMachine(self._options, self._boot_files(run), run)


class XenHost(FileHost):
    """A domain of xl."""

    accel = "xen"

    def clear(self) -> None:
        xen_machine.clear(self._options)
        super().clear()

    def _installer(self, run: str) -> Machine:
        return XenMachine(self._options, self._boot_files(run), run)

    def write_domain(self, results: Sequence[Result]) -> None:
        """Writes the domain file that runs the guest; the next words are `xl create`."""
        text = xen_machine.run_file(self._options, results)
        if text is None:
            report(TOOL, "no domain file: only the layouts pygrub and direct boot without BIOS")
            return
        files.write_whole(f"{self._options.records}.xl", text)
