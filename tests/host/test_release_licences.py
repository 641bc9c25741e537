#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that the licences of a debian/copyright become an SPDX expression, or NOASSERTION."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

import tap

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "release"))

from bom.licences import declared, identifier

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"


def stanzas(*licences: str) -> str:
    """A file with one paragraph of files for each licence."""
    return FORMAT + "".join(f"\nFiles: {n}\nLicense: {name}\n" for n, name in enumerate(licences))


class Licences(unittest.TestCase):
    """bom.licences"""

    def test_names(self) -> None:
        """Debian's short names become those of SPDX."""
        for name, expected in {
            "Expat": "MIT",
            "GPL-2+": "GPL-2.0-or-later",
            "GPL-2.0": "GPL-2.0-only",
            "LGPL-2.1+": "LGPL-2.1-or-later",
            "zlib": "Zlib",
            "GPL": None,
            "public-domain": None,
        }.items():
            self.assertEqual(identifier(name), expected, name)

    def test_expressions(self) -> None:
        """All licences of a package apply; alternatives stay together."""
        for text, expected in (
            (stanzas("Expat"), "MIT"),
            (stanzas("Expat", "MIT", "ISC"), "ISC AND MIT"),
            (stanzas("GPL-2 or BSD-3-clause", "Expat"), "(GPL-2.0-only OR BSD-3-Clause) AND MIT"),
            (stanzas("Expat and ISC"), "MIT AND ISC"),
            (stanzas("Expat") + "\nLicense: unknown\n its text\n", "MIT"),
        ):
            self.assertEqual(declared(text), expected)

    def test_unknown(self) -> None:
        """One name that SPDX lacks, and a file of another form, give no expression."""
        for text in (
            "",
            "This package was debianized by hand.\nLicense: MIT\n",
            FORMAT,
            stanzas("Expat", "public-domain"),
            stanzas("GPL-2+ with Texinfo exception"),
            stanzas("or"),
            stanzas("Expat ISC"),
            FORMAT + "\nFiles: *\nCopyright: 2026\n",
        ):
            self.assertEqual(declared(text), "NOASSERTION", text)


if __name__ == "__main__":
    tap.main()
