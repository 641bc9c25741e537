# SPDX-License-Identifier: MIT
"""A document of SPDX 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/).

Pure. A product is a file of the release; a part is what one was made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Optional
from urllib.parse import quote

from bom.licences import NO_ASSERTION


@dataclass(frozen=True)
class Part:
    """One package: a source package of Debian, a binary one, or a product."""

    name: str
    version: str
    purpose: str
    sha256: str = ""
    licence: str = NO_ASSERTION
    supplier: str = NO_ASSERTION
    file_name: str = ""
    architecture: str = (
        ""  # Debian's, "source" for a source package; empty for what is not Debian's
    )
    comment: str = ""

    def identifier(self) -> str:
        """The package's SPDXID, which has letters, digits, dots and dashes."""
        kind = self.architecture or "product"
        text = f"{kind}-{self.file_name or self.name}-{self.version}"
        return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", text)

    def package_url(self) -> Optional[str]:
        """As in https://github.com/package-url/purl-spec, type deb."""
        if not self.architecture:
            return None
        version = quote(self.version, safe="")
        return f"pkg:deb/debian/{quote(self.name, safe='')}@{version}?arch={self.architecture}"


@dataclass
class Document:
    """What the document describes, and how its packages are related."""

    version: str
    commit: str
    seconds: int
    products: list[Part] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    related: list[tuple[str, str, str]] = field(default_factory=list)

    def relate(self, product: Part, kind: str, part: Part) -> None:
        """Adds the part, and that the product has this relationship to it."""
        self.parts[part.identifier()] = part
        relation = (product.identifier(), kind, part.identifier())
        if relation not in self.related:
            self.related.append(relation)

    def as_json(self) -> dict[str, Any]:
        """The document, always in the same order."""
        parts = [self.parts[key] for key in sorted(self.parts)]
        described = [product.identifier() for product in self.products]
        created = datetime.fromtimestamp(self.seconds, timezone.utc)
        return {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"guest-installer-{self.version}",
            "documentNamespace": f"urn:guest-installer:sbom:{self.version}:{self.commit}",
            "creationInfo": {
                "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "creators": [f"Tool: guest-installer-release-sbom-{self.version}"],
            },
            "documentDescribes": described,
            "packages": [_package(part) for part in (*self.products, *parts)],
            "relationships": [
                _relationship("SPDXRef-DOCUMENT", "DESCRIBES", product) for product in described
            ]
            + [_relationship(*relation) for relation in sorted(self.related)],
        }


def _relationship(element: str, kind: str, related: str) -> dict[str, str]:
    return {
        "spdxElementId": element,
        "relationshipType": kind,
        "relatedSpdxElement": related,
    }


def _package(part: Part) -> dict[str, Any]:
    url = part.package_url()
    made: dict[str, Any] = {
        "SPDXID": part.identifier(),
        "name": part.name,
        "versionInfo": part.version,
        "supplier": part.supplier,
        "downloadLocation": NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": NO_ASSERTION,
        "licenseDeclared": part.licence,
        "copyrightText": NO_ASSERTION,
        "primaryPackagePurpose": part.purpose,
    }
    if part.file_name:
        made["packageFileName"] = part.file_name
    if part.sha256:
        made["checksums"] = [{"algorithm": "SHA256", "checksumValue": part.sha256}]
    if part.comment:
        made["comment"] = part.comment
    if url:
        made["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": url,
            }
        ]
    return made
