# SPDX-License-Identifier: MIT
"""The commands customize and reset."""

from __future__ import annotations

import argparse
import hashlib
import os
from typing import IO, Mapping, Optional, Sequence

from host.base import files
from host.base.codes import Code, Failure
from host.embed import closure_image, menus
from host.embed.check import check
from host.embed.image import SECTOR, Extent, Image
from host.install.keydrive import SETTINGS, KeyDrive
from host.install.options import parse_setting
from host.install.secrecy import any_secret, has_secret
from host.protocol.area import Description, Embedded, encode


def customize(tool: str, given: argparse.Namespace, source: str, out: str) -> None:
    """Writes OUT, which is the original of IN with the given things embedded."""
    settings = tuple(parse_setting(text) for text in given.set)
    arguments = menus.parse_arguments(given.kernel_args)
    drive = collect(given, settings)
    request = closure_image.parse_request(
        given.system, given.manifest, given.cache, given.signing_key, dict(settings)
    )
    with Image(source) as image, closure_image.prepared(request) as closure:
        add_settings(drive, settings, closure)
        content = drive.content()
        if not content and not arguments:
            raise Failure(Code.MISUSE, "nothing is given to embed")
        boot_menus = find_menus(image, bool(arguments))
        trial = encode(Embedded(content, Description(kernel_arguments=arguments)), image.area.size)
        check(tool, trial, closure.manifest if closure else None)
        words = menus.words(arguments, trial if content else None)
        menu_patches(boot_menus, words)  # there is space for them
        with files.replacing(out, mode_of(content, arguments)) as file:
            total, digest = copy_original(image, file)
            description = Description(
                total,
                digest,
                tuple((extent.offset, text) for extent, text in boot_menus.values()),
                append(closure, file) if closure else None,
                arguments,
            )
            area = encode(Embedded(content, description), image.area.size)
            words = menus.words(arguments, area if content else None)
            for extent, data in [*menu_patches(boot_menus, words), (image.area, area)]:
                file.seek(extent.offset)
                file.write(data)


def collect(given: argparse.Namespace, settings: Sequence[tuple[str, str]]) -> KeyDrive:
    """The files that are given, under the names that they have on a key drive."""
    drive = KeyDrive()
    if given.key:
        drive.collect(given.key)
    drive.add_settings("".join(f"{key} = {value}\n" for key, value in settings))
    drive.add_host_keys(given.host_key)
    drive.add_guest_files(given.file)
    return drive


def add_settings(
    drive: KeyDrive,
    settings: Sequence[tuple[str, str]],
    closure: Optional[closure_image.Source],
) -> None:
    """The settings that lead to the closure, where --set has no others."""
    named = dict(settings)
    for key, value in closure.settings if closure else ():
        if key not in named:
            drive.add_settings(f"{key} = {value}\n")
    if not drive.files.get(SETTINGS):
        drive.files.pop(SETTINGS, None)


def mode_of(content: Mapping[str, bytes], arguments: str = "") -> int:
    """The mode of a file that holds all of this."""
    secret = any_secret(content) or has_secret(arguments)
    return files.PRIVATE if secret else files.PUBLIC


def find_menus(image: Image, needed: bool) -> dict[str, tuple[Extent, bytes]]:
    """The boot menus of a lean ISO by path: where they are, and their original text. A full ISO has none
    that could be changed; its live system finds its own medium or does not start. One for machines without a
    BIOS has that of GRUB alone."""
    paths = (menus.ISOLINUX, menus.GRUB)
    found = {path: image.find(path) for path in paths}
    texts = {path: (extent, image.original_at(extent)) for path, extent in found.items() if extent}
    if menus.GRUB in texts and menus.have_space(text for _, text in texts.values()):
        return texts
    if needed:
        raise Failure(
            Code.MISUSE,
            f"{image.path} has no space for --kernel-args, as every lean ISO has: to a full ISO the "
            "option boot.kernelParams of NixOS adds some; make an ISO of an older version again",
        )
    return {}


def menu_patches(
    boot_menus: Mapping[str, tuple[Extent, bytes]], words: str
) -> list[tuple[Extent, bytes]]:
    """The boot menus with these words, and where they are. Failure(NO_ROOM) if they are too long."""
    texts = {path: text for path, (_, text) in boot_menus.items()}
    changed = menus.add_arguments(texts, words) if texts and words else texts
    return [(extent, changed[path]) for path, (extent, _) in boot_menus.items()]


def copy_original(image: Image, file: IO[bytes]) -> tuple[int, str]:
    """Writes the original ISO; returns its size and SHA-256. Failure(MISUSE) if it is another one than
    was customised."""
    digest, size = hashlib.sha256(), 0
    for piece in image.original():
        digest.update(piece)
        file.write(piece)
        size += len(piece)
    was = image.embedded.description.original_sha256 if image.embedded else digest.hexdigest()
    if digest.hexdigest() != was:
        raise Failure(
            Code.MISUSE, f"{image.path} is damaged: its original had another SHA-256; copy it again"
        )
    return size, digest.hexdigest()


def append(closure: closure_image.Source, file: IO[bytes]) -> tuple[int, int]:
    """Writes the closure's image behind the ISO; returns its offset and size."""
    offset = file.seek(0, os.SEEK_END)
    offset += file.write(b"\0" * (-offset % SECTOR))
    closure_image.write(closure, file)
    return offset, file.tell() - offset


def reset(source: str, out: str) -> None:
    """Writes OUT, which is the original of IN, bit for bit."""
    with Image(source) as image, files.replacing(out, files.PUBLIC) as file:
        copy_original(image, file)
