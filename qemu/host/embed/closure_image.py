# SPDX-License-Identifier: MIT
"""A guest's manifest and binary cache as an ISO 9660 image that is appended to an ISO."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO, Iterator, Optional

from host.base import process
from host.base.codes import Code, Failure
from host.install import closure
from host.qemu import emulator, medium

CHUNK_BYTES = 1 << 20
# Where the installer mounts the image (installer/input/embedded_source.h).
MOUNTED = "/run/guest-installer/appended"


@dataclass(frozen=True)
class Source:
    """Files of this host for the image, and the settings that lead to them."""

    manifest: str
    cache: Optional[str]  # a folder; None if a server has it
    settings: tuple[tuple[str, str], ...]


def parse_request(
    system: str, manifest: str, cache: str, signing_key: str, settings: dict[str, str]
) -> Optional[closure.Request]:
    """What --system, --manifest, --cache and --signing-key ask for; None for nothing. Failure(MISUSE)
    says what does not go together."""
    if not system and (manifest or cache):
        if not (manifest and cache):
            raise Failure(
                Code.MISUSE, "--manifest needs --system or --cache, and --cache --manifest"
            )
        system = closure.manifest_system(manifest)
    return closure.parse_request(system, manifest, cache, signing_key, settings)


@contextlib.contextmanager
def prepared(request: Optional[closure.Request]) -> Iterator[Optional[Source]]:
    """The files while the block lasts; None without a request."""
    if not request:
        yield None
        return
    with closure.large_folder() as folder:
        manifest = os.path.join(folder, "guest.json")
        closure.write_manifest(request.system, request.manifest, manifest)
        with open(manifest, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        settings = [("engine", "cache")]  # a full ISO may say nixos-install
        settings += [("manifest", f"file://{MOUNTED}/guest.json"), ("manifest-sha256", digest)]
        cache = request.cache
        if not cache:
            key = closure.SigningKey(folder, request.signing_key)
            cache = os.path.join(folder, "cache")
            closure.copy_closure([request.system], cache, key)
            settings.append(("trusted-keys", key.public))
        settings.append(("cache", cache if request.has_url() else f"file://{MOUNTED}/cache"))
        yield Source(manifest, None if request.has_url() else cache, tuple(settings))


def write(source: Source, out: IO[bytes]) -> None:
    """Writes the image to `out`. xorriso writes to a pipe, because it would begin a file anew."""
    files = ["-map", source.manifest, "/guest.json"]
    if source.cache:
        files += ["-map", os.path.abspath(source.cache), "/cache"]
    arguments = [
        emulator.find_program("xorriso"),
        "-outdev",
        "-",
        "-volid",
        "GUEST_CLOSURE",
        *files,
    ]
    with tempfile.TemporaryFile() as messages:
        child = process.Child(arguments, stdout=subprocess.PIPE, stderr=messages)
        try:
            pipe = child.pipes[1]
            assert pipe
            shutil.copyfileobj(pipe, out, CHUNK_BYTES)
            status = child.wait()
        finally:
            child.close()
        if status:
            messages.seek(0)
            text = messages.read().decode(errors="replace")
            raise Failure(
                Code.EMULATOR, f"xorriso cannot write the closure: {medium.xorriso_reason(text)}"
            )
