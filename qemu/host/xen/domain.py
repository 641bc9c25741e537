# SPDX-License-Identifier: MIT
"""Xen's domain files: the HVM domain that installs a guest, and the PV domains that run it.

Pure: values in, the text of a file out. A value that could end its string, or begin something
else in the file, is refused, wherever it comes from. Format: xl.cfg(5) and
xl-disk-configuration(5), as Xen 4.17 has them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional, Sequence, Union

from host.qemu import emulator
from host.base.codes import refuse

# The guest's disks have the same names in every domain. An HVM domain's first four are emulated
# until the guest's kernel takes over, and of these a read-only one can be a cdrom only.
DISK_NAMES = ("xvda", "xvdb", "xvdf", "xvdg", "xvdh", "xvdi")
CDROM_NAME = "xvdc"
KEYS_NAME = "xvde"
SMALLEST_MEMORY = 64

# What xl-disk-configuration(5) puts before or behind the target of a disk, beside phy: and file:.
XL_WORD = re.compile(
    r"(tap2?|aio|ioemu|raw|qcow2?|qed|vhd|vhdx|vdi|drbd|iscsi|nbd|rbd):|(target|format|vdev|access|backend|backendtype|devtype|script)="
)
XL_NAME = re.compile(r",\s*((xvd|hd|sd)[a-z]+[0-9]*|d[0-9]+(p[0-9]+)?)\s*(,.*|:(cdrom|disk).*)?$")
# The endings of images that are not raw, which a domain file of ours would call raw.
CONTAINER = re.compile(r"\.(qcow2?|qed|vhdx?|vmdk|vdi)$", re.IGNORECASE)

Value = Union[str, int, list[str]]


@dataclass(frozen=True)
class Domain:
    """What all domains of one guest share. Disks are absolute paths of raw images and devices;
    memory is in MiB; without a bridge there is no network card."""

    name: str
    disks: tuple[str, ...]
    memory: int = 512
    cores: int = 1
    bridge: Optional[str] = None
    mac: Optional[str] = None
    uuid: Optional[str] = None


@dataclass(frozen=True)
class Boot:
    """A kernel that is a file of the host, its initramfs and its command line."""

    kernel: str
    ramdisk: str
    command_line: str = ""


def parse_disk(text: str) -> str:
    """The absolute path of a disk named as phy:DEVICE, file:IMAGE or PATH.

    A relative DEVICE is one below /dev, as xl has it. Xen itself sees what the path leads to.
    """
    kind, colon, path = text.partition(":")
    if not colon or kind not in ("phy", "file"):
        kind, path = "file", text
    if not path or XL_WORD.match(path):
        refuse(f"a disk is phy:DEVICE, file:IMAGE or a path, not '{text}'")
    if match := XL_NAME.search(path):
        refuse(
            f"a disk is named without '{match[0]}' here: the guest's names follow from the order"
        )
    if CONTAINER.search(path):
        refuse(
            f"a domain has raw disks, and '{path}' is none: convert it with qemu-img convert -O raw"
        )
    path = os.path.abspath(os.path.join("/dev", path) if kind == "phy" else path)
    if kind == "phy" and not path.startswith("/dev/"):
        refuse(f"phy: takes a device below /dev, not '{path}'")
    return path


def parse_memory(text: str) -> int:
    """A size such as 512M or 4G in MiB, which Xen counts memory in."""
    size = emulator.parse_size("--memory", text)
    if size % (1 << 20):
        hint = f"; did you mean {text}M?" if text.isdecimal() else ""
        refuse(f"--memory takes whole MiB, not '{text}'{hint}")
    return size >> 20


def check(domain: Domain) -> None:
    """Failure(MISUSE) names the first thing that no domain can have."""
    if not re.fullmatch(r"[A-Za-z0-9_.+-]{1,63}", domain.name) or domain.name.isdecimal():
        refuse(
            "a domain's name is 1 to 63 letters, digits and the signs _ . + -, and no number, "
            f"not '{domain.name}'"
        )
    if not domain.disks:
        refuse("a domain needs a disk")
    if len(domain.disks) > len(DISK_NAMES):
        refuse(f"a domain has at most {len(DISK_NAMES)} disks")
    if len(set(domain.disks)) < len(domain.disks):
        refuse("one disk is named twice")
    if domain.memory < SMALLEST_MEMORY:
        refuse(f"a domain needs {SMALLEST_MEMORY} MiB of memory")
    if domain.bridge is not None and not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", domain.bridge):
        refuse(f"'{domain.bridge}' cannot be a bridge's name")
    if domain.mac is not None and not domain.bridge:
        refuse("a network card's address needs a bridge")
    if domain.mac is not None and not re.fullmatch(
        r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", domain.mac
    ):
        refuse(
            f"a network card's address is six bytes such as 00:16:3e:01:02:03, not '{domain.mac}'"
        )
    if domain.mac is not None and (int(domain.mac[:2], 16) & 1 or not domain.mac.strip("0:")):
        refuse(
            f"'{domain.mac}' is the address of no single card: its first byte is even, as in "
            "00:16:3e:01:02:03"
        )


def install_domain(
    domain: Domain,
    iso: str,
    keys: Optional[str],
    serial: str,
    boot: Optional[Boot] = None,
) -> str:
    """The HVM domain that boots the ISO: its end, however it comes, is the domain's.

    `keys` is the image of a key drive; `serial` is where the console goes, as QEMU names it, such
    as file:/path. `boot` starts the kernel directly: BIOS and boot loader read a cdrom very slowly.
    """
    check(domain)
    # The device model reads the cdrom, so it needs no loop device and no driver of dom0's kernel.
    disks = _disk_list(domain) + [_disk(iso, CDROM_NAME, "ro", "devtype=cdrom,backendtype=qdisk,")]
    if keys is not None:
        disks.append(_disk(keys, KEYS_NAME, "ro"))
    return _file(
        "installs a guest: xl create -F FILE",
        [
            *_common(domain, "hvm"),
            ("device_model_version", "qemu-xen"),
            ("bios", "seabios"),
            ("boot", "dc"),
            *(_boot(boot) if boot else []),
            ("serial", serial),
            ("vga", "none"),
            ("vnc", 0),
            ("sdl", 0),
            *_ends("destroy"),
            ("disk", disks),
        ],
    )


def pygrub_domain(domain: Domain) -> str:
    """The PV domain whose kernel the guest chooses: pygrub reads grub.cfg from the first disk."""
    check(domain)
    return _file(
        "runs a guest: xl create FILE",
        [
            *_common(domain, "pv"),
            ("bootloader", "pygrub"),
            *_ends("restart"),
            ("disk", _disk_list(domain)),
        ],
    )


def direct_domain(domain: Domain, boot: Boot) -> str:
    """The PV domain whose kernel is the host's."""
    check(domain)
    return _file(
        "runs a guest: xl create FILE",
        [
            *_common(domain, "pv"),
            *_boot(boot),
            *_ends("restart"),
            ("disk", _disk_list(domain)),
        ],
    )


def quote(value: str) -> str:
    """The value as a string of a domain file, which has no use for quotes inside one."""
    if re.search(r"[\"'\\]", value) or not value.isprintable():
        refuse(
            "quotes, backslashes and what cannot be printed have no place in a domain file: "
            f"{value!r}"
        )
    return f'"{value}"'


def _disk(path: str, name: str, access: str, more: str = "") -> str:
    """The path comes last, where its commas are its own."""
    if not os.path.isabs(path):
        refuse(f"a domain file needs the whole path of '{path}'")
    return f"format=raw,vdev={name},access={access},{more}target={path}"


def _disk_list(domain: Domain) -> list[str]:
    return [_disk(path, name, "rw") for path, name in zip(domain.disks, DISK_NAMES)]


def _common(domain: Domain, kind: str) -> list[tuple[str, Value]]:
    lines: list[tuple[str, Value]] = [("name", domain.name), ("type", kind)]
    if domain.uuid:
        lines.append(("uuid", domain.uuid))
    lines += [("memory", domain.memory), ("vcpus", domain.cores)]
    if domain.bridge:
        mac = f",mac={domain.mac}" if domain.mac else ""
        lines.append(("vif", [f"bridge={domain.bridge}{mac}"]))
    return lines


def _boot(boot: Boot) -> list[tuple[str, Value]]:
    return [("kernel", boot.kernel), ("ramdisk", boot.ramdisk), ("cmdline", boot.command_line)]


def _ends(on_reboot: str) -> list[tuple[str, Value]]:
    """A domain that crashed is destroyed; `preserve` would keep it for a debugger."""
    return [("on_poweroff", "destroy"), ("on_reboot", on_reboot), ("on_crash", "destroy")]


def _format(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    return "[\n" + "".join(f"    {quote(item)},\n" for item in value) + "]"


def _file(purpose: str, lines: Sequence[tuple[str, Value]]) -> str:
    return f"# {purpose}\n" + "".join(f"{key} = {_format(value)}\n" for key, value in lines)
