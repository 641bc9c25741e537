# SPDX-License-Identifier: MIT
"""serve-cache: serves a binary cache, or a closure out of this host's store, until it is ended."""

from __future__ import annotations

import argparse
import os
import re
from typing import NoReturn, Sequence

from host.base import process
from host.install.cache_server import CacheServer, Serving
from host.install.closure import SigningKey, copy_closure, large_folder, resolve_system
from host.base.codes import Code, Failure, report

TOOL = "serve-cache"
USAGE = """\
Usage: serve-cache [OPTION]... FOLDER
       serve-cache [OPTION]... --system PATH...

Serves a binary cache by http on the loopback until it is ended by a signal. Prints the URL when it
answers, and with --system the public key; a guest on QEMU's user network reaches it at 10.0.2.2:

  url=http://127.0.0.1:PORT
  trusted-keys=NAME:BASE64

FOLDER is what nix copy --to file://FOLDER makes. Needs nginx, and with --system Nix.

  --system PATH           a system in this host's Nix store, whose closure is put into a temporary
                          cache (in TMPDIR, or /var/tmp); repeatable
  --key FILE              the secret key that signs it (default: one that is made for this run)
  --address ADDRESS       where to listen (default 127.0.0.1)
  --port N                on which port (default: a free one)
  --certificate FILE      serves https, with this chain
  --certificate-key FILE  and its key
  --log FILE              writes every request down
  --help                  show this

Exit status: 2 misuse; 80 nginx or Nix failed; 128 and the number of the signal that ended it.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Failure(Code.MISUSE, message)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog=TOOL, allow_abbrev=False, add_help=False)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--system", action="append", default=[])
    parser.add_argument("--address", default="127.0.0.1")
    for name in ("key", "port", "certificate", "certificate-key", "log"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args(arguments)
    if bool(given.folder) == bool(given.system):
        parser.error("either a folder or --system is needed")
    if given.folder and not os.path.isfile(os.path.join(given.folder, "nix-cache-info")):
        parser.error(f"{given.folder} is no binary cache: it has no nix-cache-info")
    if given.folder and given.key:
        parser.error("--key signs what --system names; a folder's paths are signed already")
    if bool(given.certificate) != bool(given.certificate_key):
        parser.error("--certificate and --certificate-key go together")
    if given.port and not (re.fullmatch("[0-9]{1,5}", given.port) and int(given.port) < 65536):
        parser.error(f"--port takes a number up to 65535, not '{given.port}'")
    return given


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
            given.certificate,
            given.certificate_key,
            given.log,
        )
        with CacheServer(cache, private, serving) as server:
            print(f"url={server.url}", *lines, sep="\n", flush=True)
            server.wait()


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    if "--help" in argv:
        print(USAGE, end="")
        return 0
    process.raise_on_signals()
    try:
        _serve(_parse(argv))
    except Failure as failure:
        report(TOOL, failure.sentence)
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number
    except OSError as error:
        report(TOOL, f"the host failed: {error}")
        return Code.INTERNAL
    return 0
