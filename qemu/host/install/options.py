# SPDX-License-Identifier: MIT
"""What the user of first-run can ask for: the options, checked as far as they can be alone."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from host.base import architectures
from host.base.architectures import Architecture
from host.install.installer_iso import architecture_of
from host.qemu import emulator
from host.install.closure import Request, parse_request
from host.base.codes import refuse
from host.base.command_line import parse as parse_options
from host.install.disk import Disk, new_serial
from host.install.keydrive import is_url
from host.install import volume_options
from host.install import checks
from host.install.checks import check_format, readable, require_size
from host.install.source_options import Source, parse_source
from host.install.table import PROGRAM
from host.libvirt import names as libvirt_names
from host.protocol.start import refused_setting

# What --network may be, and how that is said.
NETWORKS = {
    "qemu": (r"none|user|tap=[A-Za-z0-9_.-]{1,15}", "none, user or tap=INTERFACE"),
    "xen": (r"none|bridge=[A-Za-z0-9_.-]{1,15}", "none or bridge=INTERFACE under Xen"),
    "libvirt": (
        r"none|user|bridge=[A-Za-z0-9_.-]{1,15}|network=[A-Za-z0-9_.+-]{1,64}",
        "none, user, network=NAME or bridge=INTERFACE with libvirt",
    ),
}
# How the installer knows the disk of --boot-disk under QEMU.
BOOT_SERIAL = "boot"
# Below this, the ISO does not start.
SMALLEST_MEMORY = 128 << 20


@dataclass(frozen=True)
class Options:
    """What was asked for. The first of the disks is the guest's own."""

    disks: tuple[Disk, ...]
    iso: str
    direct: bool
    keys: tuple[str, ...]
    host_keys: tuple[str, ...]
    files: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    machine: emulator.MachineOptions
    network: str
    timeout: Optional[int]
    stage_timeout: Optional[int]
    prove_boot: Optional[bool]  # None: where hardware virtualisation works
    records: str
    json: bool
    quiet: bool
    keep_failed: bool
    hypervisor: str = "qemu"
    name: str = ""
    closure: Optional[Request] = None
    source: Optional[Source] = None  # of a copy; None: an ISO installs
    connect: str = libvirt_names.DEFAULT_URI
    pool: str = libvirt_names.DEFAULT_POOL
    define: bool = False
    start: bool = False

    def setting(self, key: str) -> Optional[str]:
        """The value of one --set; of several the last."""
        return dict(self.settings).get(key)

    def missing(self, settings: Iterable[tuple[str, str]]) -> str:
        """Lines of those settings that --set does not name."""
        return "".join(f"{key} = {value}\n" for key, value in settings if self.setting(key) is None)

    def done(self) -> str:
        """What success is called."""
        return "copied" if self.source else "installed"

    def beside(self, kind: str) -> str:
        """A hidden name beside the records, for what lasts as long as the run."""
        folder, name = os.path.split(self.records)
        return os.path.join(folder, f".{name}.{kind}")


def parse(arguments: Sequence[str]) -> Options:
    """The options of a command line. Failure(MISUSE) says what is wrong with it."""
    given = parse_options(PROGRAM, arguments)
    source = parse_source(given)
    needed = ("disk",) if source else ("disk", "iso")
    absent = [f"--{name}" for name in needed if not getattr(given, name)]
    if not source and not given.size and not given.existing:
        absent.append("--size (or --existing)")
    if absent:
        refuse(f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} needed")
    if given.size and given.existing:
        refuse("--size and --existing exclude each other")
    settings = tuple(parse_setting(text) for text in given.set)
    names = [name for name, _ in settings]
    unfit = refused_setting(dict(settings))
    if unfit:
        refuse(unfit)
    if not given.key and "keys" not in names:
        refuse("--key is needed (or --set keys=none)")
    iso = "" if source else readable("the ISO", given.iso)
    architecture = _architecture(given.arch, iso)
    given.arch, given.firmware = architecture.name, given.firmware or architecture.firmwares[0]
    cores = _number("--cores", given.cores) or 0
    machine = emulator.MachineOptions(
        given.accel, given.firmware, given.memory, cores, architecture
    )
    emulator.check_machine(machine)
    require_size("--memory", given.memory, SMALLEST_MEMORY, "the installer needs")
    kinds = NETWORKS.get(given.hypervisor)
    if kinds is None:
        refuse(f"--hypervisor takes qemu, xen or libvirt, not '{given.hypervisor}'")
    if not re.fullmatch(kinds[0], given.network):
        refuse(f"--network takes {kinds[1]}, not '{given.network}'")
    if given.prove_boot and given.no_prove_boot:
        refuse("--prove-boot and --no-prove-boot exclude each other")
    if given.prove_boot and dict(settings).get("layout") in ("direct", "pygrub"):
        refuse("--prove-boot boots by firmware, which a disk of this layout cannot")
    closure = parse_request(
        given.system, given.manifest, given.cache, given.signing_key, dict(settings)
    )
    if closure and given.network.startswith("tap="):
        refuse("--system serves the guest on QEMU's user network: leave --network away")
    on_libvirt = given.hypervisor == "libvirt"
    disks = volume_options.parse_disks(given) if on_libvirt else _parse_disks(given)
    if given.hypervisor == "xen":
        _check_xen(given, disks)
    volume_options.check(given, disks[0].path)
    return Options(
        disks=disks,
        iso=iso,
        direct=given.direct,
        keys=tuple(key if is_url(key) else os.path.abspath(key) for key in given.key),
        host_keys=tuple(given.host_key),
        files=tuple(given.file),
        settings=settings,
        machine=machine,
        network="user" if closure else given.network,
        timeout=_number("--timeout", given.timeout),
        stage_timeout=_number("--stage-timeout", given.stage_timeout),
        prove_boot=True
        if given.prove_boot
        else False
        if given.no_prove_boot or on_libvirt or source
        else None,
        records=_records(given.records, disks[0]),
        json=given.json,
        quiet=given.quiet,
        keep_failed=given.keep_failed,
        hypervisor=given.hypervisor,
        name=given.name,
        closure=closure,
        source=source,
        connect=given.connect or libvirt_names.default_uri(),
        pool=given.pool or libvirt_names.DEFAULT_POOL,
        define=given.define,
        start=given.start,
    )


def _architecture(name: str, iso: str) -> Architecture:
    """The ISO's; what the user has named is not another one. Without an ISO no machine is started."""
    if not iso:
        return architectures.X86_64
    named = architectures.find(name) if name else None
    found = architecture_of(iso)
    if named and named is not found:
        refuse(f"--arch {named.name}, but {iso} is for {found.name}")
    return found


def _number(option: str, text: str) -> Optional[int]:
    return emulator.parse_number(option, text) if text else None


def parse_setting(text: str) -> tuple[str, str]:
    """One --set. Failure(MISUSE) if it has another form."""
    match = re.fullmatch(r"([a-z][a-z-]*)=([^\x00-\x1f\x7f]*)", text)
    if not match:
        refuse(f"--set takes key=value, not '{text}'")
    if match[1] == "report-token":
        refuse(
            "report-token is a secret, which the process list shows here: "
            "write it into a file guest-installer.conf, and give that by --key"
        )
    return match[1], match[2]


def _check_xen(given: argparse.Namespace, disks: Sequence[Disk]) -> None:
    """What only QEMU has is no option under Xen."""
    for name in ("prove_boot", "system", "manifest", "cache"):
        if getattr(given, name):
            refuse(f"--{name.replace('_', '-')} works with QEMU only")
    if given.arch == "aarch64":
        refuse("Xen's domains are installed for x86-64 only here: use QEMU, or libvirt with QEMU")
    if given.firmware != "bios":
        refuse("a domain boots the ISO by BIOS; leave --firmware away")
    for disk in disks:
        if disk.format != "raw":
            refuse(f"a domain has raw disks: name {disk.path} *.img, or say --format raw")


def _parse_disks(given: argparse.Namespace) -> tuple[Disk, ...]:
    copied = bool(getattr(given, "from"))
    size = given.size or ("" if copied else None)
    disks = [_parse_disk("--size", given.disk, size, given.format, new_serial())]
    further = [("--boot-disk", BOOT_SERIAL, given.boot_disk)] if given.boot_disk else []
    for number, text in enumerate(given.extra_disk, 1):
        further.append(("--extra-disk", f"extra{number}", text))
    for option, serial, text in further:
        match = re.fullmatch(r"(.+):([1-9][0-9]*[KMGT]?)", text)
        path, size = match.groups() if match else (text, "" if copied else None)
        if copied and size:
            refuse(f"{option} {text} has a size, but with --from it gets that of --from-boot")
        disks.append(_parse_disk(option, path, size, "", serial))
    if len({disk.path for disk in disks}) < len(disks):
        refuse("one disk is named twice")
    if copied and len({disk.format for disk in disks}) > 1:
        refuse(
            "with --from, both disks have the same format: say which with --format, or name them so"
        )
    return tuple(disks)


def _parse_disk(option: str, path: str, size: Optional[str], format: str, serial: str) -> Disk:
    """A link to a disk that exists is followed, so that each disk has one name here."""
    check_format(format)
    if size is None:
        disk = Disk(os.path.realpath(path), "", None, serial)
        if not os.path.isfile(disk.path) and not disk.is_device():
            checks.refuse_absent_disk("--disk" if option == "--size" else option, path)
        default = "raw" if disk.is_device() else emulator.disk_format(path)
        return Disk(disk.path, format or default, None, serial)
    if size:
        checks.require_disk_size(option, size)
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        refuse(f"the folder of {path} does not exist")
    path = os.path.join(os.path.realpath(folder), name)
    checks.require_free_name(path)
    return Disk(path, format or emulator.disk_format(path), size, serial)


def _records(folder: str, disk: Disk) -> str:
    """The common beginning of the records' names."""
    if folder and not os.path.isdir(folder):
        refuse(f"the folder {folder} does not exist")
    folder = folder or (os.getcwd() if disk.is_device() else disk.folder) or os.getcwd()
    return os.path.join(os.path.realpath(folder), os.path.basename(disk.path))
