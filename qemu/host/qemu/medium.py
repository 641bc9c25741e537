# SPDX-License-Identifier: MIT
"""The files that start an ISO, taken out of it so that QEMU can start them without firmware."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Callable, Optional

from host.qemu import bootmenu
from host.base.codes import Code, Failure
from host.base.process import Child

EXTRACT_SECONDS = 300
MENUS: tuple[tuple[str, Callable[[str], Optional[bootmenu.Entry]]], ...] = (
    ("/isolinux/isolinux.cfg", bootmenu.read_isolinux),
    ("/boot/isolinux/isolinux.cfg", bootmenu.read_isolinux),
    ("/boot/grub/grub.cfg", bootmenu.read_grub),
    ("/EFI/boot/grub.cfg", bootmenu.read_grub),
    ("/EFI/BOOT/grub.cfg", bootmenu.read_grub),
)


@dataclass(frozen=True)
class BootFiles:
    """Kernel and initramfs as files of the host, the kernel's command line, and the kernel's path inside
    the ISO."""

    kernel: str
    initrd: str
    command_line: str
    kernel_path: str = ""


def _xorriso(iso: str, path: str, out: str) -> list[str]:
    return ["xorriso", "-osirrox", "on", "-indev", iso, "-extract", path, out]


def xorriso_reason(messages: str) -> str:
    """The first line in which xorriso says that it failed; empty if there is none."""
    lines = [line for line in messages.splitlines() if "FAILURE" in line or "FATAL" in line]
    return "".join(lines[:1])


# Each writes the file to its standard output, but xorriso, which writes it to the path itself.
READERS: dict[str, Callable[[str, str, str], list[str]]] = {
    "xorriso": _xorriso,
    "bsdtar": lambda iso, path, out: ["bsdtar", "-xOf", iso, path.lstrip("/")],
    "7z": lambda iso, path, out: ["7z", "e", "-so", iso, path.lstrip("/")],
    "isoinfo": lambda iso, path, out: ["isoinfo", "-R", "-i", iso, "-x", path],
}


def find_reader() -> str:
    """The program that reads ISOs here."""
    for name in READERS:
        if shutil.which(name):
            return name
    raise Failure(
        Code.EMULATOR,
        "--direct needs a program that reads ISOs; install one of " + ", ".join(READERS),
    )


def extract(iso: str, path: str, out: str) -> bool:
    """Copies one file out of the ISO; False if there is none of this name."""
    name = find_reader()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(out)
    if name == "xorriso":
        child = Child(
            _xorriso(iso, path, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    else:
        with open(out, "wb") as file:
            child = Child(READERS[name](iso, path, out), stdout=file, stderr=subprocess.DEVNULL)
    try:
        status = child.wait(EXTRACT_SECONDS)
    finally:
        child.close()
    if status is None:
        raise Failure(Code.DEADLINE, f"{name} did not read {iso} in {EXTRACT_SECONDS} s")
    return status == 0 and os.path.isfile(out) and os.path.getsize(out) > 0


def take_boot_files(iso: str, folder: str) -> BootFiles:
    """Takes what the ISO's menu starts; Failure(MISUSE) if it has no menu that we know."""
    menu = os.path.join(folder, "menu")
    kernel, initrd = os.path.join(folder, "kernel"), os.path.join(folder, "initrd")
    for path, read in MENUS:
        if not extract(iso, path, menu):
            continue
        with open(menu, encoding="utf-8", errors="replace") as file:
            entry = read(file.read(1 << 20))
        if entry is None:
            continue
        for inside, out in ((entry.kernel, kernel), (entry.initrd, initrd)):
            if not extract(iso, inside, out):
                raise Failure(Code.MISUSE, f"{iso} has no {inside}, which its menu {path} names")
        return BootFiles(kernel, initrd, entry.command_line, entry.kernel)
    names = ", ".join(path for path, _ in MENUS)
    raise Failure(Code.MISUSE, f"--direct finds no boot menu in {iso} ({names})")
