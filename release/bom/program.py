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
# What iso/assemble and iso/make-initramfs take from the machine, beside the packages of iso/fetch-debs.
ISO_FILES = (
    "/usr/lib/ISOLINUX/isolinux.bin",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    "/usr/lib/grub/x86_64-efi/linux.mod",
    "/usr/sbin/update-ca-certificates",
)
PURPOSES = {".gz": "ARCHIVE", ".deb": "INSTALL", ".iso": "INSTALL", "": "APPLICATION"}


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sbom", allow_abbrev=False, description=__doc__)
    parser.add_argument("--libraries", type=Path, required=True, help="folder of static-libs")
    parser.add_argument("--debs", type=Path, help="folder of iso/fetch-debs, with an ISO")
    parser.add_argument("--link", required=True, help="the link line (make print-link)")
    parser.add_argument("product", type=Path, nargs="+", help="a file of the release")
    return parser.parse_args(words)


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
    name = path.name
    return name.endswith((".iso", "_amd64.deb", "x86_64"))


def make(options: argparse.Namespace) -> Document:
    """The document of these products."""
    version = (TOP / "VERSION").read_text().strip()
    commit, seconds = subprocess.run(
        [TOP / "release" / "commit"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    document = Document(version, commit, int(os.environ.get("SOURCE_DATE_EPOCH") or seconds))
    sources = debian.StaticSources(options.libraries)
    files = linked_files(options.link)
    linked = [sources.part_of(path) for path in files if sources.has(path)]
    linked += debian.installed(path for path in files if not sources.has(path))
    for path in options.product:
        product = _product(path, version)
        document.products.append(product)
        if _contains_program(path):
            for part in linked:
                document.relate(product, "STATIC_LINK", part)
        if path.suffix == ".iso":
            _relate_iso(document, product, sources, options)
    return document


def _relate_iso(
    document: Document,
    product: Part,
    sources: debian.StaticSources,
    options: argparse.Namespace,
) -> None:
    document.relate(product, "CONTAINS", sources.part_of(options.libraries / "bin" / "mkfs.fat"))
    for part in debian.installed(Path(name) for name in ISO_FILES):
        document.relate(product, "CONTAINS", part)
    for part in debian.downloaded(options.debs):
        document.relate(product, "GENERATED_FROM", part)


def main(words: list[str]) -> int:
    """The program."""
    options = _arguments(words)
    if not options.debs and any(path.suffix == ".iso" for path in options.product):
        print("sbom: an ISO is made from packages: name their folder by --debs", file=sys.stderr)
        return 2
    try:
        document = make(options)
    except (debian.Unknown, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    json.dump(document.as_json(), sys.stdout, indent=1, sort_keys=True)
    print()
    return 0
