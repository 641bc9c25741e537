# SPDX-License-Identifier: MIT
"""Which packages of Debian a product was made from, as the build recorded it.

Source packages: the folder `sources` of the static libraries (installer/static-libs). Binary ones of
the ISO: the folder of iso/fetch-debs. Packages of this machine: dpkg, and APT for their checksums.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Iterable, Iterator
from urllib.parse import unquote

from bom.licences import NO_ASSERTION, declared
from bom.spdx import Part

DEBIAN = "Organization: Debian"


class Unknown(Exception):
    """A file of the build that no package has."""


def file_sum(path: Path) -> str:
    """SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _field(text: str, name: str) -> str:
    match = re.search(rf"^{name}:[ \t]*(.*)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


class StaticSources:
    """The source packages of the static libraries in one folder of installer/static-libs."""

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix.resolve()
        self._by_product = {
            product: record.stem
            for record in sorted((self._prefix / "sources").glob("*.products"))
            for product in record.read_text().split()
        }

    def has(self, path: Path) -> bool:
        """Whether the file lies in the folder."""
        return self._prefix in path.resolve().parents

    def part_of(self, path: Path) -> Part:
        """The source package of a library or program in the folder."""
        product = str(path.resolve().relative_to(self._prefix))
        # Objects that are in no library are those that start a program: of a musl that was built, too.
        name = self._by_product.get("lib/libc.a" if path.suffix == ".o" else product)
        if not name:
            raise Unknown(f"no source package is recorded for {path}")
        dsc = self._prefix / "sources" / f"{name}.dsc"
        copyright_text = dsc.with_suffix(".copyright").read_text(errors="replace")
        return Part(
            name=_field(dsc.read_text(errors="replace"), "Source"),
            version=_field(dsc.read_text(errors="replace"), "Version"),
            purpose="SOURCE",
            sha256=file_sum(dsc),
            licence=declared(copyright_text),
            supplier=DEBIAN,
            architecture="source",
            comment="The checksum is that of the .dsc file, which has those of the sources.",
        )


def _owner(path: Path) -> tuple[str, str, str]:
    """Name, version and architecture of the package of this machine that has the file."""
    try:
        owner = _output("dpkg-query", "--search", str(path.resolve())).split(": ")[0]
    except subprocess.CalledProcessError:
        raise Unknown(f"no package of this machine has {path}") from None
    form = "${Package} ${Version} ${Architecture}"
    name, version, architecture = _output("dpkg-query", "-W", "-f", form, owner).split()
    return name, version, architecture


def _listed_sums(owners: set[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """APT's checksums of the packages, of those that it still lists in this version."""
    if not owners:
        return {}
    listed = subprocess.run(
        ["apt-cache", "show", *sorted(f"{name}={version}" for name, version, _ in owners)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    ).stdout
    return {
        (_field(entry, "Package"), _field(entry, "Version")): _field(entry, "SHA256")
        for entry in listed.split("\n\n")
    }


def installed(paths: Iterable[Path]) -> list[Part]:
    """The packages of this machine that have the files, with APT's checksums of their .deb."""
    owners = {_owner(path) for path in paths}
    sums = _listed_sums(owners)
    parts = []
    for name, version, architecture in sorted(owners):
        file = Path(f"/usr/share/doc/{name}/copyright")
        known = file.read_text(errors="replace") if file.exists() else ""
        parts.append(
            Part(
                name=name,
                version=version,
                purpose="INSTALL",
                sha256=sums.get((name, version), ""),
                licence=declared(known),
                supplier=DEBIAN,
                architecture=architecture,
            )
        )
    return parts


def _copyright_in(deb: Path, name: str) -> str:
    """debian/copyright of a package that is not installed; empty if it has none of its own."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as unpacked:
        text = subprocess.run(
            ["tar", "-xO", f"./usr/share/doc/{name}/copyright"],
            stdin=unpacked.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        ).stdout
    return text.decode(errors="replace")


def downloaded(folder: Path) -> Iterator[Part]:
    """The packages of iso/fetch-debs; each has to be the file that index.json names."""
    index = json.loads((folder / "index.json").read_text())
    for name, entry in sorted(index.items()):
        deb = folder / entry["file"]
        if file_sum(deb) != entry["sha256"]:
            raise Unknown(f"{deb} is not the file of its index")
        _, version, architecture = unquote(deb.stem).split("_")
        copyright_text = _copyright_in(deb, name)
        yield Part(
            name=name,
            version=version,
            purpose="INSTALL",
            sha256=entry["sha256"],
            licence=declared(copyright_text) if copyright_text else NO_ASSERTION,
            supplier=DEBIAN,
            architecture=architecture,
        )
