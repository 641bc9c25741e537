# SPDX-License-Identifier: MIT
"""Licences of a Debian package as an SPDX expression, from its debian/copyright.

Pure. The format is https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/. Debian's short
names are not those of SPDX: a file with a name that the table lacks (such as public-domain, which is
no licence), or of an older form, gives NOASSERTION.
"""

from __future__ import annotations

import re
from typing import Optional

NO_ASSERTION = "NOASSERTION"
FIXED = {
    "0bsd": "0BSD",
    "apache-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "bsl-1.0": "BSL-1.0",
    "cc0-1.0": "CC0-1.0",
    "curl": "curl",
    "expat": "MIT",
    "isc": "ISC",
    "mit": "MIT",
    "openssl": "OpenSSL",
    "zlib": "Zlib",
}
# GPL-2, GPL-2.0, GPL-2+ and so on.
GNU = re.compile(r"(a?gpl|lgpl|gfdl)-(\d)(?:\.(\d))?(\+)?")


def identifier(name: str) -> Optional[str]:
    """SPDX's identifier of one of Debian's short names."""
    known = FIXED.get(name.lower())
    if known:
        return known
    match = GNU.fullmatch(name.lower())
    if not match:
        return None
    version = f"{match[2]}.{match[3] or '0'}"
    return f"{match[1].upper()}-{version}-{'or-later' if match[4] else 'only'}"


def _expression(text: str) -> Optional[str]:
    """One License field: names joined by and, or, and commas."""
    words = text.replace(",", " ").split()
    joined: list[str] = []
    for word in words:
        if word.lower() in ("and", "or"):
            joined.append(word.upper())
            continue
        known = identifier(word)
        if not known:
            return None
        joined.append(known)
    if not joined or len(joined) % 2 == 0 or any(w in ("AND", "OR") for w in joined[::2]):
        return None
    return f"({' '.join(joined)})" if "OR" in joined else " ".join(joined)


def declared(copyright_text: str) -> str:
    """All licences of the files that the package lists, or NOASSERTION if one is not known."""
    if not re.match(r"\s*Format:", copyright_text):
        return NO_ASSERTION
    found: set[str] = set()
    for paragraph in re.split(r"\n\s*\n", copyright_text):
        if not re.search(r"^Files:", paragraph, re.MULTILINE):
            continue
        match = re.search(r"^License:[ \t]*(.*)$", paragraph, re.MULTILINE)
        expression = _expression(match[1]) if match else None
        if not expression:
            return NO_ASSERTION
        found.add(expression)
    return " AND ".join(sorted(found)) or NO_ASSERTION
