# SPDX-License-Identifier: MIT
"""Kernel arguments in the boot menus of the lean ISO, and the word that promises what is embedded.

Pure. iso/assemble ends each menu with comment lines. Arguments are inserted behind the kernel's command
line, and the comments become shorter, so that no file changes its size. What the word is for is in
installer/input/embedded_word.h.
"""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Optional

from host.base.codes import Code, Failure
from host.protocol import area

ISOLINUX = "/isolinux/isolinux.cfg"
GRUB = "/boot/grub/grub.cfg"
# The line with the kernel's command line, and how a message calls it.
LINES = {
    ISOLINUX: ("APPEND", re.compile(rb"^\s*APPEND (\S.*)$", re.MULTILINE)),
    GRUB: ("linux", re.compile(rb"^\s*if linux \S+ (\S.*); then$", re.MULTILINE)),
}
COMMENT = b"#" * 63 + b"\n"
RESERVED = re.compile(rb"(?:#{63}\n)+\Z")
PROMISE = "guest-installer.embedded="
CONSOLE = re.compile(r"console=([A-Za-z]+)")
# What isolinux, GRUB and the kernel read alike, without quotes.
ARGUMENTS = re.compile(r"[A-Za-z0-9_.,:=/@%+~^-]+( [A-Za-z0-9_.,:=/@%+~^-]+)*")


def parse_arguments(texts: list[str]) -> str:
    """Words for the kernel's command line. Failure(MISUSE) for what a boot menu cannot have."""
    arguments = " ".join(" ".join(text.split()) for text in texts)
    if arguments and not ARGUMENTS.fullmatch(arguments):
        raise Failure(
            Code.MISUSE,
            "--kernel-args takes words of letters, digits and the signs _ . , : = / @ % + ~ ^ -, "
            f"which every boot loader reads alike, not '{arguments}'",
        )
    return arguments


def words(arguments: str, embedded: Optional[bytes]) -> str:
    """The arguments, and the word that promises the area, if there is one."""
    promise = [f"{PROMISE}{area.checksum(embedded)}"] if embedded else []
    return " ".join([*arguments.split(), *promise])


def without_promise(command_line: str) -> str:
    """The command line of an ISO without that word."""
    return " ".join(word for word in command_line.split() if not word.startswith(PROMISE))


def have_space(texts: Iterable[bytes]) -> bool:
    """Whether all of these menus end with the comments that can be replaced."""
    return all(RESERVED.search(text) for text in texts)


def add_arguments(menus: Mapping[str, bytes], arguments: str) -> dict[str, bytes]:
    """The menus with the arguments, by path; an ISO for machines without a BIOS has that of GRUB alone.
    Failure(MISUSE) says why there is no place for them."""
    path = ISOLINUX if ISOLINUX in menus else GRUB
    name, pattern = LINES[path]
    found = pattern.findall(menus[path])
    if len(found) != 1:
        raise Failure(Code.MISUSE, f"{path} in the ISO does not have one line {name}")
    changed = join(found[0].decode("ascii", "replace"), arguments).encode()
    return {path: _replace(path, menu, found[0], changed) for path, menu in menus.items()}


def join(command_line: str, arguments: str) -> str:
    """The command line with the arguments behind it. Of several consoles of one driver the kernel takes
    the first one, so a console of the arguments replaces those of its driver."""
    drivers = [match[1] for match in map(CONSOLE.match, arguments.split()) if match]
    kept = []
    for word in command_line.split():
        match = CONSOLE.match(word)
        if not match or match[1] not in drivers:
            kept.append(word)
    return " ".join([*kept, arguments])


def _replace(path: str, menu: bytes, before: bytes, after: bytes) -> bytes:
    reserved = RESERVED.search(menu)
    if not reserved or menu.count(before) != 1:
        raise Failure(
            Code.MISUSE,
            f"{path} in the ISO has no space for kernel arguments: it was made by an older version",
        )
    body = menu[: reserved.start()].replace(before, after)
    if len(body) > len(menu):
        raise Failure(
            Code.NO_ROOM,
            f"--kernel-args is {len(body) - len(menu)} bytes longer than the space in {path}",
        )
    return body + _comment(len(menu) - len(body))


def _comment(size: int) -> bytes:
    """Comment lines of so many bytes."""
    lines = COMMENT * (size // len(COMMENT) + 1)
    return lines[len(lines) - size :]
