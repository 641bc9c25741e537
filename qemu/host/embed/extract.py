# SPDX-License-Identifier: MIT
"""The command extract: a folder from which machines start the lean ISO's installer by network."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from typing import IO, Iterator, Optional

from host.base import files, process
from host.base.codes import Code, Failure
from host.embed import closure_image, menus
from host.embed.customize import mode_of
from host.embed.image import Image
from host.install.keydrive import SETTINGS
from host.protocol import area
from host.protocol.area import Description, Embedded
from host.qemu import emulator, medium

EXTRACT_SECONDS = 3600
IN_INITRAMFS = f"etc/{area.NAME}"
MEDIUM = "file:///medium/"
PLACEHOLDER = "http://SERVER/FOLDER"
URL = re.compile(r"https?://[^\s/?#@\x00-\x20]+(/[^\s?#]*)?")
KERNEL, INITRD = "vmlinuz", "initrd.img"


def extract(iso: str, folder: str, url: str) -> None:
    """Makes the folder."""
    if url and not URL.fullmatch(url):
        raise Failure(Code.MISUSE, f"--url takes a URL of http or https, not '{url}'")
    with Image(iso) as image, new_folder(folder) as new:
        content = image.embedded.files if image.embedded else {}
        settings = read_settings(content.get(SETTINGS, b"").decode("utf-8", "replace"))
        part = initramfs_area(image.embedded) if image.embedded else None
        boot = menus.words(take_boot(image, new, part), part)
        settings.update(re.findall(r"(?:^|\s)guest-installer\.([a-z0-9-]+)=(\S+)", boot))
        with closure_of(image, new) as source:
            take(source, settings, new)
        words = " ".join([boot, *network_words(settings, new)])
        base = url.rstrip("/") or PLACEHOLDER
        texts = {"boot.ipxe": ipxe_script(base, words), "cmdline": f"{words}\n"}
        texts["cmdline"] = texts["cmdline"].replace("${base}", base)
        for name, text in texts.items():
            with files.replacing(os.path.join(new, name), files.PUBLIC) as file:
                file.write(text.encode())


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """A folder beside that path which gets its name at the end of the block."""
    if os.path.lexists(path):
        raise Failure(Code.MISUSE, f"{path} exists already")
    new = tempfile.mkdtemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    try:
        yield new
        os.chmod(new, 0o755)
        os.rename(new, path)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def take_boot(image: Image, folder: str, part: Optional[bytes]) -> str:
    """Kernel and initramfs into the folder; returns the kernel's command line. The area `part` goes into
    the initramfs; if that is secret, only its owner may read it."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        boot = medium.take_boot_files(image.path, work)
        if boot.kernel_path != "/boot/vmlinuz":
            raise Failure(
                Code.MISUSE,
                f"{image.path} is no lean ISO: a NixOS live system needs its medium; nixpkgs has "
                "netboot images of its own",
            )
        with files.replacing(os.path.join(folder, KERNEL), files.PUBLIC) as file:
            _copy(boot.kernel, file)
        mode = mode_of(image.embedded.files if image.embedded else {})
        with files.replacing(os.path.join(folder, INITRD), mode) as file:
            _copy(boot.initrd, file)
            file.write(b"\0" * (-file.tell() % 512))
            if part:
                file.write(area.pack({IN_INITRAMFS: part}))
    return menus.without_promise(boot.command_line)


def _copy(path: str, file: IO[bytes]) -> None:
    with open(path, "rb") as source:
        shutil.copyfileobj(source, file)


def initramfs_area(embedded: Embedded) -> bytes:
    """The area without the closure, which is behind the ISO, and the ISO is not there."""
    there = {name: data for name, data in embedded.files.items() if name != SETTINGS}
    text = embedded.files.get(SETTINGS, b"").decode("utf-8", "replace")
    kept = [line for line in text.splitlines() if closure_image.MOUNTED not in line]
    content = {**there, **({SETTINGS: "\n".join([*kept, ""]).encode()} if kept else {})}
    return area.encode(Embedded(content, Description()))


@contextlib.contextmanager
def closure_of(image: Image, folder: str) -> Iterator[str]:
    """The ISO that has manifest and cache: a copy of what was appended, or the ISO itself."""
    if not (image.embedded and image.embedded.description.appended):
        yield image.path
        return
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for piece in image.appended():
            file.write(piece)
        file.flush()
        yield file.name


def read_settings(text: str) -> dict[str, str]:
    """The keys and values of a configuration; the installer has checked it."""
    pairs = re.findall(r"^\s*([a-z0-9-]+)\s*=\s*(.*?)\s*$", text, re.MULTILINE)
    return {key: re.sub(r"\s#.*", "", value) for key, value in pairs}


def manifest_name(settings: dict[str, str]) -> Optional[str]:
    """The manifest's file in the ISO; None if the settings name another place."""
    named = settings.get("manifest", f"{MEDIUM}guest.json")
    for start in (MEDIUM, f"file://{closure_image.MOUNTED}/"):
        if named.startswith(start):
            return named[len(start) :]
    return None


def take(iso: str, settings: dict[str, str], folder: str) -> None:
    """The manifest as guest.json, and the cache, as far as they are in the ISO."""
    name = manifest_name(settings)
    wanted = [(f"/{name}", "guest.json")] if name else []
    if not settings.get("cache", "").startswith(("http://", "https://")):
        wanted.append(("/cache", "cache"))
    program = emulator.find_program("xorriso")
    for inside, target in wanted:
        arguments = ["-no_rc", "-osirrox", "on", "-indev", f"stdio:{os.path.abspath(iso)}"]
        arguments += ["-extract", inside, os.path.join(folder, target)]
        status, text = process.run([program, *arguments], EXTRACT_SECONDS)
        if status:
            raise Failure(Code.EMULATOR, f"cannot extract {inside}: {medium.xorriso_reason(text)}")
    for path, folders, names in os.walk(folder):
        for entry in folders:
            os.chmod(os.path.join(path, entry), 0o755)


def network_words(settings: dict[str, str], folder: str) -> list[str]:
    """Words of the kernel's command line that replace what is read from a medium."""
    words = []
    if os.path.exists(os.path.join(folder, "guest.json")):
        with open(os.path.join(folder, "guest.json"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        words.append("guest-installer.manifest=${base}/guest.json")
        words.append(f"guest-installer.manifest-sha256={digest}")
    if os.path.exists(os.path.join(folder, "cache")):
        words.append("guest-installer.cache=${base}/cache")
    return words


def ipxe_script(base: str, words: str) -> str:
    """The text of boot.ipxe. With EFI the kernel finds its initramfs by the word initrd=."""
    placed = base == PLACEHOLDER
    what = "Write here the URL at which this folder is served" if placed else "The folder's URL"
    return "\n".join(
        [
            "#!ipxe",
            f"# {what}:",
            f"set base {base}",
            f"kernel ${{base}}/{KERNEL} initrd={INITRD} {words}",
            f"initrd ${{base}}/{INITRD}",
            "boot",
            "",
        ]
    )
