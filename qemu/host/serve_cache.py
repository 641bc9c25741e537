# SPDX-License-Identifier: MIT
"""serve-cache: serves a binary cache, or a closure out of this host's store, until it is ended."""

from __future__ import annotations

import argparse
import os
import re
from typing import Sequence

from host.base import tool
from host.install.cache_server import CacheServer, Serving
from host.install.closure import SigningKey, copy_closure, large_folder, resolve_system
from host.base.command_line import Option, Program, Section, parse
from host.base.codes import Code, refuse

PROGRAM = Program(
    name="serve-cache",
    usage=("[OPTION]... FOLDER", "[OPTION]... --system PATH..."),
    text="""
Serves a binary cache by http on the loopback until it is ended by a signal. FOLDER is what
nix copy --to file://FOLDER makes, or what iso(1) extracts for a netboot. When it answers, it prints its URL, and with --system the public
key that the closure is signed with:

  url=http://127.0.0.1:PORT
  trusted-keys=NAME:BASE64

A guest on QEMU's user network reaches it at 10.0.2.2. It needs nginx, and with --system Nix.
""",
    positional="folders",
    sections=(
        Section(
            "",
            (
                Option(
                    "system",
                    "PATH",
                    "a system in this host's Nix store, whose closure is copied into a temporary cache in TMPDIR or /var/tmp",
                    many=True,
                ),
                Option(
                    "key",
                    "FILE",
                    "the secret key that signs the closure; by default one that is made for this run",
                ),
                Option("address", "ADDRESS", "where to listen", default="127.0.0.1"),
                Option("port", "N", "the port; by default a free one"),
                Option("certificate", "FILE", "serve https, with this chain of certificates"),
                Option("certificate-key", "FILE", "the key of the certificate"),
                Option("log", "FILE", "write a line for each request there"),
            ),
        ),
    ),
    statuses=(
        ("1", "This host failed, as with a log that cannot be written."),
        ("2", "The options are wrong."),
        ("80", "nginx or Nix failed."),
        ("85", "The host has no room."),
        ("128 and more", "128 and the number of the signal that ended the program."),
    ),
)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    given = parse(PROGRAM, arguments)
    if len(given.folders) > 1:
        refuse(f"one folder only, not '{given.folders[1]}'")
    given.folder = given.folders[0] if given.folders else ""
    if bool(given.folder) == bool(given.system):
        refuse("either a folder or --system is needed")
    given.inside = "" if not given.folder else _find_cache(given.folder)
    if given.folder and given.key:
        refuse("--key signs what --system names; a folder's paths are signed already")
    if bool(given.certificate) != bool(given.certificate_key):
        refuse("--certificate and --certificate-key go together")
    if given.port and not (re.fullmatch("[0-9]{1,5}", given.port) and int(given.port) < 65536):
        refuse(f"--port takes a number up to 65535, not '{given.port}'")
    return given


def _find_cache(folder: str) -> str:
    """Where in the folder the cache is: a folder for a netboot has it in /cache, or has none if the ISO
    names one on the network."""
    for inside in ("", "/cache"):
        if os.path.isfile(f"{folder}{inside}/nix-cache-info"):
            return inside
    if os.path.isfile(f"{folder}/boot.ipxe"):
        return "/cache"
    refuse(f"{folder} is no binary cache: it has no nix-cache-info")


def _serve(given: argparse.Namespace) -> None:
    with large_folder() as folder:
        cache, lines = given.folder, []
        if given.system:
            cache = os.path.join(folder, "cache")
            key = SigningKey(folder, given.key)
            copy_closure([resolve_system(path) for path in given.system], cache, key)
            lines = [f"trusted-keys={key.public}"]
        private = os.path.join(folder, "nginx")
        os.mkdir(private)
        serving = Serving(
            given.address,
            int(given.port or 0),
            given.certificate or None,
            given.certificate_key or None,
            given.log or None,
            given.inside,
        )
        with CacheServer(cache, private, serving) as server:
            print(f"url={server.url}", *lines, sep="\n", flush=True)
            server.wait()


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    return tool.run(
        PROGRAM,
        argv,
        lambda arguments: _serve(_parse(arguments)),
        lambda error: f"the host failed: {error}",
        code=Code.INTERNAL,
        umask=None,
    )
