# SPDX-License-Identifier: MIT
"""What run-guest is to do: its options checked, with names and numbers in their own types."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Sequence

from host.base.codes import Code, Failure
from host.run.architecture import choose
from host.run.debug_options import DebugOptions, read_debug
from host.install.checks import meant_size, require_disk_size
from host.qemu.emulator import MachineOptions, check_machine, parse_number
from host.run.words import Words, one_value

MODULES_TAG = "modules"
NEW_DISK = "4G"
NETWORKS = ("user", "none")
TRANSPORTS = ("auto", "virtiofs", "9p")


@dataclass(frozen=True)
class Share:
    """A folder of the host, and the name by which the guest mounts it."""

    folder: str
    tag: str
    readonly: bool = False


@dataclass(frozen=True)
class GuestOptions:
    """What the user wants, checked; paths are absolute.
    An empty string or 0 stands for unsaid."""

    guest: str = ""
    machine: MachineOptions = field(default_factory=MachineOptions)
    snapshot: bool = False
    network: str = "user"
    ssh_port: int = 0
    log: str = ""
    console: bool = False
    daemon: bool = False
    status: bool = False
    json: bool = False
    stop: bool = False
    stop_timeout: int = 60
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    modules: str = ""
    disks: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    share_by: str = "auto"
    usb: tuple[tuple[str, str], ...] = ()
    usb_tablet: bool = False
    vnc: str = ""
    tap: str = ""
    address: str = ""
    run: str = ""
    identity: str = ""
    user: str = "root"
    boot_timeout: int = 300
    timeout: int = 3600
    iso: str = ""
    source: str = ""
    keys: tuple[str, ...] = ()
    size: str = ""
    settings: tuple[str, ...] = ()
    debug: DebugOptions = field(default_factory=DebugOptions)


def check(words: Words) -> GuestOptions:
    """The words as options; raises Failure(MISUSE) with the first thing that makes no sense."""
    one = partial(one_value, words)

    def many(name: str) -> tuple[str, ...]:
        return tuple(words.get(name, []))

    def flag(name: str) -> bool:
        return one(name) == "yes"

    def number(name: str) -> int:
        return parse_number(f"--{name}", one(name)) if one(name) else 0

    # What only asks about a guest that runs does not read its files.
    asks = any(flag(name) for name in ("status", "stop")) or bool(one("dump"))
    files = () if asks else tuple(_path(one(name)) for name in ("kernel", "iso", "guest"))
    architecture = choose(one("arch"), *files)
    options = GuestOptions(
        guest=_path(one("guest")),
        machine=MachineOptions(
            accel=one("accel"),
            firmware=one("firmware") or architecture.firmwares[0],
            memory=one("memory"),
            cores=number("cores"),
            architecture=architecture,
        ),
        snapshot=flag("snapshot"),
        network=one("network"),
        ssh_port=number("ssh-port"),
        log=_path(one("log")),
        console=flag("console"),
        daemon=flag("daemon"),
        status=flag("status"),
        json=flag("json"),
        stop=flag("stop"),
        stop_timeout=number("stop-timeout"),
        kernel=_path(one("kernel")),
        initrd=one("initrd") if one("initrd") == "none" else _path(one("initrd")),
        append=one("append"),
        modules=_path(one("modules")),
        disks=tuple(_disk(value) for value in many("disk")),
        shares=tuple(_share(value) for value in many("share")),
        share_by=one("share-by"),
        usb=tuple(_usb(value) for value in many("usb")),
        usb_tablet=flag("usb-tablet"),
        vnc=_path(one("vnc")),
        tap=one("tap"),
        address=_address(one("address")),
        run=_path(one("run")),
        identity=_path(one("identity")),
        user=one("user"),
        boot_timeout=number("boot-timeout"),
        timeout=number("timeout"),
        iso=_path(one("iso")),
        source=_path(one("from")),
        keys=tuple(_path(value) for value in many("key")),
        size=one("size") or ("" if one("from") else NEW_DISK),
        settings=many("set"),
        debug=read_debug(words),
    )
    check_machine(options.machine)
    _check_names(options)
    _check_task(options)
    if not (options.status or options.stop or options.debug.dump):
        _check_together(options)
        _check_files(options)
    return options


def _path(value: str) -> str:
    return os.path.abspath(os.path.expanduser(value)) if value else ""


def _disk(value: str) -> str:
    """A size stays as it is: a path has a slash in it, or does not look like a size."""
    return value if is_size(value) else _path(value)


def is_size(disk: str) -> bool:
    """Whether a disk of GuestOptions is a size, to be made empty, and not a path."""
    return re.fullmatch(r"[1-9][0-9]*[KMGT]?", disk) is not None


def _share(value: str) -> Share:
    match = re.fullmatch(r"(.+?):([A-Za-z0-9][A-Za-z0-9._-]{0,30})(:ro)?", value)
    if not match:
        raise Failure(Code.MISUSE, f"--share takes DIR:TAG or DIR:TAG:ro, not '{value}'")
    if match.group(2) == MODULES_TAG:
        raise Failure(Code.MISUSE, f"--share: the tag {MODULES_TAG} is that of --modules")
    return Share(_path(match.group(1)), match.group(2), bool(match.group(3)))


def _usb(value: str) -> tuple[str, str]:
    match = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", value)
    if not match:
        raise Failure(Code.MISUSE, f"--usb takes VENDOR:PRODUCT such as 8564:1000, not '{value}'")
    return match.group(1).lower(), match.group(2).lower()


def _address(value: str) -> str:
    try:
        if value:
            if "/" not in value:
                raise ValueError
            ipaddress.IPv4Interface(value)
    except ValueError as error:
        message = f"--address takes one such as 192.168.10.2/24, not '{value}'"
        raise Failure(Code.MISUSE, message) from error
    return value


def _check_names(options: GuestOptions) -> None:
    if options.share_by not in TRANSPORTS:
        message = f"--share-by takes auto, virtiofs or 9p, not '{options.share_by}'"
        raise Failure(Code.MISUSE, message)
    if options.network not in NETWORKS:
        raise Failure(Code.MISUSE, f"--network takes user or none, not '{options.network}'")
    if options.tap and not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", options.tap):
        raise Failure(Code.MISUSE, f"--tap takes an interface's name, not '{options.tap}'")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", options.user):
        raise Failure(Code.MISUSE, f"--user takes a user's name, not '{options.user}'")
    for disk in filter(is_size, options.disks):
        require_disk_size("--disk", disk)
    tags = [share.tag for share in options.shares]
    for tag in tags:
        if tags.count(tag) > 1:
            raise Failure(Code.MISUSE, f"--share: the tag {tag} is given twice")


def _check_task(options: GuestOptions) -> None:
    if not options.guest:
        raise Failure(Code.MISUSE, "a disk is needed")
    tasks = {
        "--status": options.status,
        "--stop": options.stop,
        "--daemon": options.daemon,
        "--run": bool(options.run),
        "--console": options.console,
        "--dump": bool(options.debug.dump),
    }
    chosen = [name for name, wanted in tasks.items() if wanted]
    if len(chosen) > 1:
        raise Failure(Code.MISUSE, f"{chosen[0]} and {chosen[1]} exclude each other")
    if options.json and not options.status:
        raise Failure(Code.MISUSE, "--json needs --status")


def _check_together(options: GuestOptions) -> None:
    """Options that need or exclude each other."""
    if options.iso and options.source:
        raise Failure(Code.MISUSE, "--iso and --from exclude each other")
    for name, value in (("--initrd", options.initrd), ("--append", options.append)):
        if value and not options.kernel:
            raise Failure(Code.MISUSE, f"{name} needs --kernel")
    if options.modules and not options.kernel:
        raise Failure(Code.MISUSE, "--modules needs --kernel, whose modules they are")
    if options.ssh_port > 65535:
        raise Failure(
            Code.MISUSE, f"--ssh-port takes a port from 1 to 65535, not '{options.ssh_port}'"
        )
    if options.network == "none" and (options.run or options.ssh_port):
        raise Failure(Code.MISUSE, "--run and --ssh-port need --network user")
    if options.address and not (options.tap and (options.kernel or options.run)):
        message = "--address needs --tap, and --kernel or --run, by which the guest is told"
        raise Failure(Code.MISUSE, message)


def _check_files(options: GuestOptions) -> None:
    """What is named is there and can be read; the guest's own disk is looked at later."""
    initrd = "" if options.initrd == "none" else options.initrd
    files = (("kernel", options.kernel), ("initrd", initrd), ("script", options.run))
    for what, path in (*files, ("key", options.identity)):
        if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
            raise Failure(Code.MISUSE, f"cannot read the {what} {path}")
    folders: Sequence[str] = [share.folder for share in options.shares]
    for path in filter(None, (*folders, options.modules)):
        if not os.path.isdir(path):
            raise Failure(Code.MISUSE, f"there is no folder {path}")
    for disk in options.disks:
        if not is_size(disk) and not os.path.exists(disk):
            size = meant_size(os.path.basename(disk))
            hint = f"; for an empty one, write --disk {size}" if size else ""
            raise Failure(Code.MISUSE, f"there is no disk {disk}{hint}")
    for disk in (options.guest, *options.disks):
        if os.path.isdir(disk):
            raise Failure(Code.MISUSE, f"{disk} is a folder, and a disk is an image or a device")
