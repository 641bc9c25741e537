# SPDX-License-Identifier: MIT
"""The machine that the installer runs in, under QEMU: its disks, key drive, ISO and channels."""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from typing import Optional, Sequence

from host.qemu import emulated_start, emulator
from host.install.options import BOOT_SERIAL, Options
from host.install.disk import Disk
from host.qemu.qemu_process import Channels, QemuProcess
from host.qemu.medium import BootFiles

PORT = "org.guest-installer.0"


class QemuMachine:
    """A Machine under QEMU; see install/machine.py."""

    def __init__(self, options: Options, boot: Optional[BootFiles], run: str) -> None:
        """Starts it. `run` has the key drive's folder `keys`; `boot` spares the firmware."""
        channels, machine = Channels(), options.machine
        if boot:
            boot = emulated_start.spare_processor(boot, machine, run)
            # Without a BIOS, QEMU starts the kernel itself.
            machine = machine if machine.architecture.has_bios else replace(machine, firmware="")
        arguments = [
            *emulator.machine_arguments(machine, run),
            *("-no-reboot", "-boot", "strict=on,reboot-timeout=0"),
            *network_arguments(options.network),
            *(*channels.add("console"), "-serial", "chardev:console"),
            *(*channels.add("events"), "-device", "virtio-serial-pci"),
            *("-device", f"virtserialport,chardev=events,name={PORT}"),
            *disk_arguments(options.disks),
            *key_drive_arguments(os.path.join(run, "keys")),
            *medium_arguments(options.iso, boot),
        ]
        self._process = QemuProcess(arguments, channels, run)

    def console(self) -> int:
        return self._process.channels["console"].fileno()

    def port(self) -> Optional[int]:
        return self._process.channels["events"].fileno()

    def monitor(self) -> Optional[int]:
        return self._process.monitor.fileno()

    def read_events(self) -> bool:
        return self._process.read_events()

    def fileno(self) -> int:
        return self._process.fileno()

    def has_no_room(self) -> bool:
        return self._process.no_room

    def end(self) -> None:
        self._process.end()

    def require_good_end(self, verdict_seen: bool) -> None:
        self._process.require_good_end()

    def close(self) -> None:
        self._process.close()


def settings(disks: Sequence[Disk]) -> list[tuple[str, str]]:
    """How the installer is told its disks: by the serial numbers that they have here."""
    lines = [("disk", f"serial:{disks[0].serial}")]
    if any(disk.serial == BOOT_SERIAL for disk in disks):
        lines.append(("boot-disk", f"serial:{BOOT_SERIAL}"))
    return lines


def network_arguments(network: str) -> list[str]:
    """A network card, or none: QEMU would make one by itself."""
    if network == "none":
        return ["-nic", "none"]
    kind, _, interface = network.partition("=")
    rest = f",ifname={interface},script=no,downscript=no" if kind == "tap" else ""
    return ["-nic", f"{kind},model=virtio-net-pci{rest}"]


def disk_arguments(disks: Sequence[Disk]) -> list[str]:
    """The guest's disks."""
    arguments = []
    for disk in disks:
        arguments += [
            "-drive",
            f"if=none,id={disk.serial},format={disk.format},{_cache(disk)},discard=unmap,"
            f"werror=enospc,rerror=report,file={emulator.quote(disk.working)}",
            "-device",
            f"virtio-blk-pci,drive={disk.serial},serial={disk.serial}",
        ]
    return arguments


def _cache(disk: Disk) -> str:
    """A new disk may be cached at will: it is synced before it is published, and worth nothing until
    then. The installer reads its first 256 MiB; from holes of a raw file the page cache would be filled
    first, which takes longer. One that exists is written in the order that the guest asks for."""
    if disk.existing:
        return "cache=writeback"
    if disk.format == "raw" and _can_be_read_directly(disk.working):
        return "cache.direct=on,cache.no-flush=on"
    return "cache=unsafe"


def _can_be_read_directly(path: str) -> bool:
    """Whether the file system reads past the page cache (O_DIRECT); not every one does."""
    block = mmap.mmap(-1, 4096)  # aligned as such reads need it
    try:
        file = os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
        try:
            return os.preadv(file, [block], 0) == len(block)
        finally:
            os.close(file)
    except OSError:
        return False


def key_drive_arguments(folder: str) -> list[str]:
    """The folder as a FAT floppy, which no installer takes for a target."""
    return [
        "-drive",
        f"if=none,id=keys,driver=vvfat,dir={emulator.quote(folder)},floppy=on,readonly=on",
        *("-device", "virtio-blk-pci,drive=keys"),
    ]


def medium_arguments(iso: str, boot: Optional[BootFiles]) -> list[str]:
    """The ISO. A virtio-scsi cdrom reads three times as fast as an IDE one under emulation."""
    arguments = [
        "-drive",
        f"if=none,id=iso,media=cdrom,format=raw,readonly=on,file={emulator.quote(iso)}",
        *("-device", "virtio-scsi-pci", "-device"),
    ]
    if not boot:
        return [*arguments, "scsi-cd,drive=iso,bootindex=0"]
    start = ["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.command_line]
    return [*arguments, "scsi-cd,drive=iso", *start]
