# SPDX-License-Identifier: MIT
"""What run-guest is to do: its options checked, with names and numbers in their own types."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Sequence, Tuple

from host.codes import Code, Failure
from host.emulator import Machine, check_machine, parse_number, parse_size
from host.guest_options import Words

MODULES_TAG = "modules"
NETWORKS = ("user", "none")
SHARE_WAYS = ("auto", "virtiofs", "9p")


@dataclass(frozen=True)
class Share:
    """A folder of the host, and the name by which the guest mounts it."""

    folder: str
    tag: str
    readonly: bool = False


@dataclass(frozen=True)
class Wishes:
    """What the user wants, checked; paths are absolute.
    An empty string or 0 stands for unsaid."""

    guest: str = ""
    machine: Machine = field(default_factory=Machine)
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
    disks: Tuple[str, ...] = ()
    shares: Tuple[Share, ...] = ()
    share_by: str = "auto"
    usb: Tuple[Tuple[str, str], ...] = ()
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
    keys: Tuple[str, ...] = ()
    size: str = "4G"
    settings: Tuple[str, ...] = ()


def check(words: Words) -> Wishes:
    """The words as wishes; raises Failure(MISUSE) with the first thing that makes no sense."""

    def one(name: str, default: str = "") -> str:
        return words.get(name, [default])[0]

    def many(name: str) -> Tuple[str, ...]:
        return tuple(words.get(name, []))

    def flag(name: str) -> bool:
        return one(name, "no") == "yes"

    def number(name: str, default: int) -> int:
        return parse_number(f"--{name}", one(name)) if name in words else default

    wishes = Wishes(
        guest=_path(one("guest")),
        machine=Machine(
            accel=one("accel", "auto"),
            firmware=one("firmware", "bios"),
            memory=one("memory", "512M"),
            cores=number("cores", 0),
        ),
        snapshot=flag("snapshot"),
        network=one("network", "user"),
        ssh_port=number("ssh-port", 0),
        log=_path(one("log")),
        console=flag("console"),
        daemon=flag("daemon"),
        status=flag("status"),
        json=flag("json"),
        stop=flag("stop"),
        stop_timeout=number("stop-timeout", 60),
        kernel=_path(one("kernel")),
        initrd=one("initrd") if one("initrd") == "none" else _path(one("initrd")),
        append=one("append"),
        modules=_path(one("modules")),
        disks=tuple(_disk(value) for value in many("disk")),
        shares=tuple(_share(value) for value in many("share")),
        share_by=one("share-by", "auto"),
        usb=tuple(_usb(value) for value in many("usb")),
        usb_tablet=flag("usb-tablet"),
        vnc=_path(one("vnc")),
        tap=one("tap"),
        address=_address(one("address")),
        run=_path(one("run")),
        identity=_path(one("identity")),
        user=one("user", "root"),
        boot_timeout=number("boot-timeout", 300),
        timeout=number("timeout", 3600),
        iso=_path(one("iso")),
        keys=tuple(_path(value) for value in many("key")),
        size=one("size", "4G"),
        settings=many("set"),
    )
    check_machine(wishes.machine)
    _check_names(wishes)
    _check_task(wishes)
    if not (wishes.status or wishes.stop):
        _check_together(wishes)
        _check_files(wishes)
    return wishes


def _path(value: str) -> str:
    return os.path.abspath(os.path.expanduser(value)) if value else ""


def _disk(value: str) -> str:
    """A size stays as it is: a path has a slash in it, or does not look like a size."""
    return value if is_size(value) else _path(value)


def is_size(disk: str) -> bool:
    """Whether a disk of Wishes is a size, to be made empty, and not a path."""
    return re.fullmatch(r"[1-9][0-9]*[KMGT]?", disk) is not None


def _share(value: str) -> Share:
    match = re.fullmatch(r"(.+?):([A-Za-z0-9][A-Za-z0-9._-]{0,30})(:ro)?", value)
    if not match:
        raise Failure(Code.MISUSE, f"--share takes DIR:TAG or DIR:TAG:ro, not '{value}'")
    if match.group(2) == MODULES_TAG:
        raise Failure(Code.MISUSE, f"--share: the tag {MODULES_TAG} is that of --modules")
    return Share(_path(match.group(1)), match.group(2), bool(match.group(3)))


def _usb(value: str) -> Tuple[str, str]:
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


def _check_names(wishes: Wishes) -> None:
    if wishes.share_by not in SHARE_WAYS:
        message = f"--share-by takes auto, virtiofs or 9p, not '{wishes.share_by}'"
        raise Failure(Code.MISUSE, message)
    if wishes.network not in NETWORKS:
        raise Failure(Code.MISUSE, f"--network takes user or none, not '{wishes.network}'")
    if wishes.tap and not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", wishes.tap):
        raise Failure(Code.MISUSE, f"--tap takes an interface's name, not '{wishes.tap}'")
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", wishes.user):
        raise Failure(Code.MISUSE, f"--user takes a user's name, not '{wishes.user}'")
    for disk in filter(is_size, wishes.disks):
        parse_size("--disk", disk)
    tags = [share.tag for share in wishes.shares]
    for tag in tags:
        if tags.count(tag) > 1:
            raise Failure(Code.MISUSE, f"--share: the tag {tag} is given twice")


def _check_task(wishes: Wishes) -> None:
    if not wishes.guest:
        raise Failure(Code.MISUSE, "a disk is needed")
    tasks = {
        "--status": wishes.status,
        "--stop": wishes.stop,
        "--daemon": wishes.daemon,
        "--run": bool(wishes.run),
        "--console": wishes.console,
    }
    chosen = [name for name, wanted in tasks.items() if wanted]
    if len(chosen) > 1:
        raise Failure(Code.MISUSE, f"{chosen[0]} and {chosen[1]} exclude each other")
    if wishes.json and not wishes.status:
        raise Failure(Code.MISUSE, "--json needs --status")


def _check_together(wishes: Wishes) -> None:
    """Options that need each other."""
    for name, value in (("--initrd", wishes.initrd), ("--append", wishes.append)):
        if value and not wishes.kernel:
            raise Failure(Code.MISUSE, f"{name} needs --kernel")
    if wishes.modules and not wishes.kernel:
        raise Failure(Code.MISUSE, "--modules needs --kernel, whose modules they are")
    if wishes.network == "none" and (wishes.run or wishes.ssh_port):
        raise Failure(Code.MISUSE, "--run and --ssh-port need --network user")
    if wishes.address and not (wishes.tap and (wishes.kernel or wishes.run)):
        message = "--address needs --tap, and --kernel or --run, by which the guest is told"
        raise Failure(Code.MISUSE, message)


def _check_files(wishes: Wishes) -> None:
    """What is named is there and can be read; the guest's own disk is looked at later."""
    initrd = "" if wishes.initrd == "none" else wishes.initrd
    files = (("kernel", wishes.kernel), ("initrd", initrd), ("script", wishes.run))
    for what, path in (*files, ("key", wishes.identity)):
        if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
            raise Failure(Code.MISUSE, f"cannot read the {what} {path}")
    folders: Sequence[str] = [share.folder for share in wishes.shares]
    for path in filter(None, (*folders, wishes.modules)):
        if not os.path.isdir(path):
            raise Failure(Code.MISUSE, f"there is no folder {path}")
    for disk in wishes.disks:
        if not is_size(disk) and not os.path.exists(disk):
            raise Failure(Code.MISUSE, f"there is no disk {disk}")
