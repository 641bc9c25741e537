# SPDX-License-Identifier: MIT
"""A guest's closure out of this host's Nix store, for an installer that fetches it.

`nix copy` writes it into a temporary binary cache, signed with a given key or one that is made for
the run; cache_server serves that. (nix-serve and harmonia would serve the store itself, but not
every distribution has them.)
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
from typing import Iterator, Optional, Sequence

from host.base import process
from host.install.cache_server import CacheServer, Serving
from host.base.codes import Code, Failure

COPY_SECONDS = 4 * 3600
QUERY_SECONDS = 600
# Closures are large, and /tmp may lie in memory.
LARGE_FILES = "/var/tmp"
# The host as the guest sees it on QEMU's user network.
HOST_ADDRESS = "10.0.2.2"
STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[A-Za-z0-9+._?=-]+")
TOP = os.path.abspath(f"{os.path.dirname(os.path.realpath(__file__))}/../../..")
NIX = ("nix", "--extra-experimental-features", "nix-command")


@contextlib.contextmanager
def large_folder() -> Iterator[str]:
    """A private folder for large files that ends with the block."""
    base = os.environ.get("TMPDIR") or LARGE_FILES
    folder = tempfile.mkdtemp(prefix="guest-installer-cache.", dir=base)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def resolve_system(path: str) -> str:
    """The store path that this is, or that a link leads to."""
    resolved = os.path.realpath(path)
    if not STORE_PATH.fullmatch(resolved) or not os.path.exists(resolved):
        raise Failure(Code.MISUSE, f"{path} is no path in this host's Nix store")
    return resolved


def _run(arguments: Sequence[str], seconds: float) -> str:
    """What the program printed; Failure(EMULATOR) with its last line if it failed."""
    status, text = process.run(arguments, seconds)
    if status:
        last = text.strip().splitlines()[-1:] or [f"status {status}"]
        raise Failure(Code.EMULATOR, f"{os.path.basename(arguments[0])} failed: {last[0]}")
    return text


class SigningKey:
    """A secret key file, and the public key that goes with it."""

    def __init__(self, private: str, path: Optional[str]) -> None:
        """Without a path, a key is made in the private folder."""
        link = os.path.join(private, "signing-key")
        if path:
            os.symlink(os.path.abspath(path), link)
            self.public = _public_key(path)
        else:
            public = link + ".pub"
            arguments = ["nix-store", "--generate-binary-cache-key", "first-run-1", link, public]
            _run(arguments, QUERY_SECONDS)
            with open(public, encoding="ascii") as file:
                self.public = file.read().strip()
        self.path = link


def _public_key(path: str) -> str:
    try:
        with open(path, "rb") as secret:
            status, text = _capture([*NIX, "key", "convert-secret-to-public"], secret)
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read the key {path}: {error.strerror}") from error
    text = text.strip()
    if status or not re.fullmatch(r"[^\s:]+:[A-Za-z0-9+/]{43}=", text):
        raise Failure(Code.MISUSE, f"{path} is no secret key of a binary cache")
    return text


def _capture(arguments: Sequence[str], stdin: process.Stream) -> tuple[int, str]:
    """The status and the standard output; what goes wrong the program tells the user itself."""
    child = process.Child(arguments, stdin=stdin, stdout=subprocess.PIPE)
    try:
        output = child.pipes[1]
        assert output
        text = output.read().decode(errors="replace")
        return child.wait() or 0, text
    finally:
        child.close()


def copy_closure(systems: Sequence[str], cache: str, key: SigningKey) -> None:
    """Writes the closures into a binary cache in a folder, packed and signed."""
    query = urllib.parse.urlencode({"compression": "zstd", "secret-key": key.path})
    url = f"file://{urllib.parse.quote(os.path.abspath(cache))}?{query}"
    _run([*NIX, "copy", "--to", url, *systems], COPY_SECONDS)


def write_manifest(system: str, source: str, target: str) -> None:
    """Copies a guest.json, or completes one that does not yet say which system it is of."""
    try:
        with open(source, "rb") as file:
            text = file.read()
        manifest = json.loads(text)
    except (OSError, ValueError) as error:
        raise Failure(Code.MISUSE, f"cannot read the manifest {source}: {error}") from error
    named = manifest.get("system") if isinstance(manifest, dict) else None
    if named is None:
        text = _run(
            [os.path.join(TOP, "iso/make-manifest"), system, source], QUERY_SECONDS
        ).encode()
    elif named != system:
        raise Failure(Code.MISUSE, f"the manifest {source} is of another system, {named}")
    with open(target, "wb") as file:
        file.write(text)


def manifest_system(path: str) -> str:
    """The system that a manifest is of."""
    try:
        with open(path, "rb") as file:
            system = json.load(file)["system"]
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read the manifest {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        system = None
    if not isinstance(system, str) or not STORE_PATH.fullmatch(system):
        raise Failure(Code.MISUSE, f"the manifest {path} does not name a system")
    return system


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Request:
    """A system to install from this host: its manifest, and whose cache it comes from."""

    system: str
    manifest: str
    cache: str  # a folder, or a URL; empty: the host's own store
    signing_key: str

    def has_url(self) -> bool:
        """Whether another server has the cache."""
        return re.match(r"https?://", self.cache) is not None


def parse_request(
    system: str, manifest: str, cache: str, signing_key: str, settings: dict[str, str]
) -> Optional[Request]:
    """What --system, --manifest, --cache and --signing-key ask for; None without --system.

    Failure(MISUSE) says what does not go together.
    """
    wrong = None
    if not system and (manifest or cache or signing_key):
        wrong = "--manifest, --cache and --signing-key go with --system"
    elif system and not manifest:
        wrong = "--system needs --manifest: where the guest expects its file systems"
    elif cache and signing_key:
        wrong = "--signing-key signs what comes from this host's store, not from --cache"
    elif cache and "trusted-keys" not in settings:
        wrong = "--cache needs --set trusted-keys=NAME:BASE64, the key that signed it"
    if wrong:
        raise Failure(Code.MISUSE, wrong)
    if not system:
        return None
    request = Request(resolve_system(system) if not cache else system, manifest, cache, signing_key)
    if cache and not request.has_url() and not os.path.isfile(f"{cache}/nix-cache-info"):
        raise Failure(Code.MISUSE, f"{cache} is no binary cache: it has no nix-cache-info")
    return request


@contextlib.contextmanager
def served(request: Optional[Request], folder: str) -> Iterator[Sequence[tuple[str, str]]]:
    """Serves what the installer will ask for while the block lasts, from a folder that is made for it;
    yields the settings that lead there. What a killed run left in the folder goes first."""
    if not request:
        yield ()
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield from _serve(request, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(request: Request, folder: str) -> Iterator[Sequence[tuple[str, str]]]:
    root, private = os.path.join(folder, "root"), os.path.join(folder, "nginx")
    cache, manifest = os.path.join(root, "cache"), os.path.join(root, "guest.json")
    for path in (folder, root, private):
        os.mkdir(path, 0o700)
    write_manifest(request.system, request.manifest, manifest)
    settings = [("manifest-sha256", _hash(manifest))]
    if not request.cache:
        key = SigningKey(folder, request.signing_key)
        copy_closure([request.system], cache, key)
        settings.append(("trusted-keys", key.public))
    elif not request.has_url():
        os.symlink(os.path.abspath(request.cache), cache)
    with CacheServer(root, private, Serving(cache="/cache")) as server:
        url = f"http://{HOST_ADDRESS}:{server.port}"
        settings.append(("manifest", f"{url}/guest.json"))
        settings.append(("cache", request.cache if request.has_url() else f"{url}/cache"))
        yield settings
