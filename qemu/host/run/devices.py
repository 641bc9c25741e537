# SPDX-License-Identifier: MIT
"""QEMU's arguments for what a guest has besides processors and memory: disks, cards, USB devices."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from typing import IO, Sequence

from host.base.architectures import Architecture
from host.base.codes import Code, Failure
from host.qemu.emulator import disk_format, parse_size, quote
from host.run.options import GuestOptions, is_size

TAP_NAME = "guest0"  # what the guest calls its card on the tap interface


def disk_arguments(path: str, name: str, options: str) -> list[str]:
    """One disk, as virtio block device; `options` of the drive begin with a comma."""
    drive = (
        f"if=none,id={name},format={disk_format(path)},discard=unmap{options},file={quote(path)}"
    )
    return ["-drive", drive]


def root_disk(path: str, snapshot: bool, *, boots: bool) -> list[str]:
    """The installed disk: the first one, and the one that the firmware boots, unless it is given a
    kernel."""
    return [
        *disk_arguments(path, "root", _snapshot(snapshot)),
        *("-device", "virtio-blk-pci,drive=root" + (",bootindex=0" if boots else "")),
    ]


def more_disks(options: GuestOptions) -> tuple[list[str], list[IO[bytes]]]:
    """The disks that the user added, and the files of the empty ones.

    These have no name from the start, so that nothing is left of them whatever happens; QEMU gets
    their descriptors.
    """
    arguments: list[str] = []
    files: list[IO[bytes]] = []
    for number, disk in enumerate(options.disks, 1):
        name = f"disk{number}"
        if is_size(disk):
            file = _empty(parse_size("--disk", disk))
            files.append(file)
            arguments += ["-add-fd", f"fd={file.fileno()},set={number}"]
            drive = f"if=none,id={name},format=raw,discard=unmap,cache=unsafe,auto-read-only=off,file=/dev/fdset/{number}"
            arguments += ["-drive", drive]
        else:
            arguments += disk_arguments(os.path.realpath(disk), name, _snapshot(options.snapshot))
        arguments += ["-device", f"virtio-blk-pci,drive={name},serial={name}"]
    return arguments, files


def network_cards(options: GuestOptions) -> list[str]:
    """The card whose SSH port is forwarded, and the one on the host's interface."""
    arguments: list[str] = []
    if options.network == "user":
        arguments += [
            *("-netdev", f"user,id=network,hostfwd=tcp:127.0.0.1:{options.ssh_port}-:22"),
            *("-device", "virtio-net-pci,netdev=network"),
        ]
    if options.tap:
        if not os.path.exists(f"/sys/class/net/{options.tap}"):
            raise Failure(Code.MISUSE, f"there is no network interface {options.tap}")
        arguments += [
            *("-netdev", f"tap,id=tap,ifname={options.tap},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=tap,mac={tap_mac(options.guest)}"),
        ]
    return arguments


def tap_mac(guest: str) -> str:
    """An address for this guest alone, the same at every start. QEMU's addresses begin with 52:54:00."""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(guest))).hexdigest()
    return ":".join(["52:54:00", digest[0:2], digest[2:4], digest[4:6]])


def usb_devices(options: GuestOptions) -> list[str]:
    """A controller with the host's devices by vendor and product; QEMU takes them when they come."""
    devices = ["usb-tablet,bus=usb.0"] if options.usb_tablet else []
    for vendor, product in options.usb:
        devices.append(f"usb-host,bus=usb.0,vendorid=0x{vendor},productid=0x{product}")
    arguments = ["-device", "qemu-xhci,id=usb"] if devices else []
    for device in devices:
        arguments += ["-device", device]
    return arguments


def screen(vnc: str, architecture: Architecture) -> list[str]:
    """The screen on a local socket, or no screen."""
    if not vnc:
        return []
    card = [] if architecture.has_screen else ["-device", "virtio-gpu-pci"]
    return [*card, "-vnc", f"unix:{quote(vnc)}"]


def _snapshot(snapshot: bool) -> str:
    return ",snapshot=on" if snapshot else ""


def _empty(size: int) -> IO[bytes]:
    """What is too large for memory belongs into /var/tmp, unless TMPDIR says otherwise."""
    folder = os.environ.get("TMPDIR") or "/var/tmp"
    try:
        file = tempfile.TemporaryFile(dir=folder)
        file.truncate(size)
    except OSError as error:
        message = f"cannot make a disk of {size} bytes in {folder}: {error.strerror}"
        raise Failure(Code.NO_ROOM, message) from error
    return file


def hold_devices(paths: Sequence[str]) -> list[int]:
    """Descriptors by which block devices are ours: the host can neither mount nor format them.

    Files are locked by QEMU itself.
    """
    held: list[int] = []
    for path in paths:
        if not stat.S_ISBLK(os.stat(path).st_mode):
            continue
        try:
            held.append(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EWOULDBLOCK):
                raise Failure(Code.BUSY, f"{path} is in use") from error
            raise Failure(Code.MISUSE, f"cannot take the disk {path}: {error.strerror}") from error
    return held
