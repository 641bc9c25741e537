# SPDX-License-Identifier: MIT
"""Prints the software bill of materials of a release.

What the program is linked from is asked of the linker: it links once more and traces which files it
reads. Each of them has to belong to a package, or nothing is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bom import debian
from bom.spdx import Document, Part

TOP = Path(__file__).resolve().parents[2]
# What iso/assemble and iso/make-initramfs take from the machine, beside the packages of iso/fetch-debs. The GRUB
# of an ISO for 64-bit ARM is one of those packages.
ISO_FILES = {
    "x86_64": (
        "/usr/lib/ISOLINUX/isolinux.bin",
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "/usr/lib/grub/x86_64-efi/linux.mod",
        "/usr/sbin/update-ca-certificates",
    ),
    "aarch64": ("/usr/sbin/update-ca-certificates",),
}
PURPOSES = {".gz": "ARCHIVE", ".deb": "INSTALL", ".iso": "INSTALL", "": "APPLICATION"}


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sbom", allow_abbrev=False, description=__doc__)
    parser.add_argument(
        "--build",
        nargs=4,
        action="append",
        required=True,
        metavar=("ARCH", "LIBRARIES", "DEBS", "LINK"),
        help="for an architecture the folders of static-libs and iso/fetch-debs, and the link line "
        "(make print-link)",
    )
    parser.add_argument("product", type=Path, nargs="+", help="a file of the release")
    return parser.parse_args(words)


class Build:
    """What the products of one architecture were made from."""

    def __init__(self, architecture: str, libraries: str, debs: str, link: str) -> None:
        self.architecture = architecture
        self._libraries = Path(libraries)
        self._debs = Path(debs)
        self._sources = debian.StaticSources(self._libraries)
        files = linked_files(link)
        self.linked = [self._sources.part_of(path) for path in files if self._sources.has(path)]
        self.linked += debian.installed(path for path in files if not self._sources.has(path))

    def relate_iso(self, document: Document, product: Part) -> None:
        """Adds what the ISO has beside the program."""
        program = self._sources.part_of(self._libraries / "bin" / "mkfs.fat")
        document.relate(product, "CONTAINS", program)
        for part in debian.installed(Path(name) for name in ISO_FILES[self.architecture]):
            document.relate(product, "CONTAINS", part)
        for part in debian.downloaded(self._debs):
            document.relate(product, "GENERATED_FROM", part)


def linked_files(link: str) -> list[Path]:
    """The files that the linker reads, but for this project's own objects."""
    words = link.split()
    with tempfile.TemporaryDirectory() as folder:
        words[words.index("-o") + 1] = f"{folder}/linked"
        traced = subprocess.run(
            [*words, "-Wl,--trace"], stdout=subprocess.PIPE, text=True, check=True, cwd=TOP
        ).stdout
    found = {line.split("(")[-1].rstrip(")") for line in traced.splitlines()}
    return [Path(path) for path in sorted(found) if path.startswith("/")]


def _product(path: Path, version: str) -> Part:
    suffix = path.suffix if path.suffix in PURPOSES else ""
    return Part(
        name=path.name.split("_")[0] if suffix == ".deb" else path.name,
        version=version,
        purpose=PURPOSES[suffix],
        sha256=debian.file_sum(path),
        licence="MIT" if suffix != ".iso" else "NOASSERTION",
        supplier="Organization: the guest-installer authors",
        file_name=path.name,
    )


def _contains_program(path: Path) -> bool:
    return path.name.endswith((".iso", "_amd64.deb", "x86_64", "aarch64"))


def _architecture_of(path: Path) -> str:
    return "aarch64" if path.name.removesuffix(".iso").endswith("aarch64") else "x86_64"


def make(options: argparse.Namespace) -> Document:
    """The document of these products."""
    version = (TOP / "VERSION").read_text().strip()
    commit, seconds = subprocess.run(
        [TOP / "release" / "commit"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    document = Document(version, commit, int(os.environ.get("SOURCE_DATE_EPOCH") or seconds))
    builds = {words[0]: Build(*words) for words in options.build}
    for path in options.product:
        product = _product(path, version)
        document.products.append(product)
        if not _contains_program(path):
            continue
        build = builds[_architecture_of(path)]
        for part in build.linked:
            document.relate(product, "STATIC_LINK", part)
        if path.suffix == ".iso":
            build.relate_iso(document, product)
    return document


def main(words: list[str]) -> int:
    """The program."""
    options = _arguments(words)
    wanted = {_architecture_of(path) for path in options.product if _contains_program(path)}
    missing = wanted - {words[0] for words in options.build}
    if missing:
        print(f"sbom: there are products for {missing.pop()}: give --build for it", file=sys.stderr)
        return 2
    try:
        document = make(options)
    except (debian.Unknown, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    json.dump(document.as_json(), sys.stdout, indent=1, sort_keys=True)
    print()
    return 0
