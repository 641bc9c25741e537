# SPDX-License-Identifier: MIT
"""What may lie on a key drive, and how it gets there: public keys, settings, and what is asked for by
name, SSH host keys and files for the guest.

Names are those that FAT can carry; a private key of a user is refused by name; a URL is fetched here,
on the host, with a deadline and a limit.
"""

from __future__ import annotations

import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Optional, Sequence, Union

from host.base.codes import Code, Failure
from host.install import key_text, secret_files

SETTINGS = "guest-installer.conf"
NETWORK = ("ca.pem", "ca.crt", "netrc")  # certificates to trust, and passwords of servers
NIXOS = ("configuration.nix", "flake.nix", "flake.lock")  # what nixos-install is to build
FIXED_NAMES = ("authorized_keys", SETTINGS, *NETWORK, *NIXOS)
# QEMU's virtual FAT floppy holds 2,949,120 bytes and some 200 long names.
LARGEST_DRIVE = 2_800_000
MOST_FILES = 150
FETCH_SECONDS = 60
LARGEST_FETCH = 256 << 10
PRIVATE = re.compile(rb"PRIVATE KEY-----|^PuTTY-User-Key-File", re.MULTILINE)
PUBLIC = re.compile(r"(^|.*[ \t\"])(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ AAAA[A-Za-z0-9+/=]+( .*)?$")
# A key in the place of its file, perhaps behind the current folder.
KEY_LINE = re.compile(r"(^|/)(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ AAAA")


def drive_name(path: str) -> Optional[str]:
    """The name that a file gets on the drive; None if it has no business there."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(path))
    if name.lower() in FIXED_NAMES:
        return name.lower()
    return re.sub(r"^\.", "_", name) if name.lower().endswith(".pub") else None


def is_url(source: str) -> bool:
    """Whether this names a resource to fetch, not a file."""
    return re.match(r"(https?|file)://", source) is not None


class KeyDrive:
    """The files of one drive, by name; written into a folder when all are known to fit."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.secrets: dict[str, bytes] = {}  # host keys and files for the guest

    def collect(self, sources: Sequence[str]) -> None:
        """Adds every file, every file of every folder, and what every URL leads to."""
        for source in sources:
            if is_url(source):
                self._add(source, "fetched.pub", fetch_keys(source))
            elif os.path.isdir(source):
                for name in sorted(os.listdir(source)):
                    if not name.startswith("."):
                        self._add_file(os.path.join(source, name))
            else:
                self._add_file(source)
        keys = [*self.key_texts(), self.files.get(SETTINGS, b"")]
        if not any(re.search(rb"^[^#\s]", data, re.MULTILINE) for data in keys):
            raise Failure(
                Code.MISUSE, f"nothing to put on the key drive: no key in {' '.join(sources)}"
            )

    def key_names(self) -> list[str]:
        """The names of the files of public keys."""
        other = (SETTINGS, *NETWORK, *NIXOS)
        return [name for name in self.files if name not in other]

    def key_texts(self) -> list[bytes]:
        """The files of public keys."""
        return [self.files[name] for name in self.key_names()]

    def add_settings(self, text: str) -> None:
        """Adds lines of the installer's configuration behind those of a file."""
        before = self.files.get(SETTINGS, b"")
        if before and not before.endswith(b"\n"):
            before += b"\n"
        self.files[SETTINGS] = before + text.encode()

    def add_host_keys(self, paths: Sequence[str]) -> None:
        """Adds private host keys; the installer derives the public ones."""
        for path in paths:
            data = _read(path, "host key")
            name = secret_files.host_key_name(path, data)
            if name in self.secrets:
                raise Failure(Code.MISUSE, f"two host keys are given for {name}; leave one out")
            self.secrets[name] = data
        if paths and not re.search(
            rb"^\s*host-keys\s*=", self.files.get(SETTINGS, b""), re.MULTILINE
        ):
            self.add_settings("host-keys = drive\n")

    def add_guest_files(self, texts: Sequence[str]) -> None:
        """Adds files for the guest, and the setting that puts them there."""
        files = [secret_files.parse_guest_file(text) for text in texts]
        if files and re.search(rb"^\s*files\s*=", self.files.get(SETTINGS, b""), re.MULTILINE):
            raise Failure(Code.MISUSE, "--file and the setting files exclude each other")
        for index, file in enumerate(files):
            self.secrets[secret_files.drive_name(index)] = _read(file.source, "file")
        if files:
            self.add_settings(secret_files.setting_of(files))

    def content(self) -> dict[str, bytes]:
        """All files, by name."""
        return {**self.files, **self.secrets}

    def write(self, folder: str) -> None:
        """Makes the folder with the files; Failure(NO_ROOM) if no drive can hold them."""
        whole = self.content()
        size = sum(-(-len(data) // 1024) * 1024 for data in whole.values())
        if size > LARGEST_DRIVE or len(whole) > MOST_FILES:
            raise Failure(Code.NO_ROOM, "the keys do not fit on a drive of 2.88 MB")
        os.mkdir(folder, 0o700)
        for name, data in whole.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)

    def _add_file(self, path: str) -> None:
        if secret_files.HOST_KEY.fullmatch(os.path.basename(path)):
            raise Failure(
                Code.MISUSE,
                f"{path} is an SSH host key, not a user's: give the private one with --host-key",
            )
        data = _read(path)
        name = drive_name(path)
        if PRIVATE.search(data):
            key_text.check(path, data)
        if name is None:
            raise Failure(Code.MISUSE, f"{path} is no *.pub, authorized_keys or {SETTINGS}")
        self._add(path, name, data)

    def _add(self, source: str, name: str, data: bytes) -> None:
        """Numbers the name where it is taken; FAT ignores case."""
        if PRIVATE.search(data) or name.lower().endswith(".pub") or name == "authorized_keys":
            key_text.check(source, data)
        taken = {other.lower() for other in self.files}
        free, number = name, 2
        while free.lower() in taken:
            if not name.lower().endswith(".pub"):
                raise Failure(Code.MISUSE, f"two files are named {name}; join them into one")
            free, number = f"{number}-{name}", number + 1
        self.files[free] = data


def _read(path: str, what: str = "key file") -> bytes:
    if os.path.exists(path) and not os.path.isfile(path):
        raise Failure(Code.MISUSE, f"cannot read the {what} {path}: it is no regular file")
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_DRIVE + 1)
    except OSError as error:
        reason = (
            "a key is given as a file, such as key.pub" if KEY_LINE.search(path) else error.strerror
        )
        raise Failure(Code.MISUSE, f"cannot read the {what} {path}: {reason}") from error


class _SameTrust(urllib.request.HTTPRedirectHandler):
    """A redirection may lead anywhere, but not from an encrypted connection to an open one."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ) -> Optional[urllib.request.Request]:
        schemes = ("https",) if req.type == "https" else ("http", "https")
        if urllib.parse.urlsplit(newurl).scheme not in schemes:
            raise urllib.error.URLError("it redirects to where no key is fetched from")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_keys(url: str, seconds: float = FETCH_SECONDS) -> bytes:
    """What the URL leads to, which must be public keys. Raises Failure(MISUSE) with the reason.

    A thread of its own reads: a server that trickles, or a name that is looked up for ever, must
    not hold us.
    """
    answer: list[Union[bytes, Exception]] = []
    reader = threading.Thread(target=lambda: answer.append(_fetch(url, seconds)), daemon=True)
    reader.start()
    reader.join(seconds)
    shown = re.sub(r"//[^/@]*@", "//", url)  # no password in a message
    if not answer:
        raise Failure(Code.MISUSE, f"cannot fetch {shown}: no answer in {seconds:g} s")
    data = answer[0]
    if isinstance(data, Exception):
        raise Failure(Code.MISUSE, f"cannot fetch {shown}: {_reason(data)}")
    key_text.check(shown, data)
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or not all(PUBLIC.match(line) for line in lines):
        raise Failure(Code.MISUSE, f"what {shown} leads to is no list of public SSH keys")
    return data


def _reason(error: Exception) -> str:
    """The words of the system or of the server, without Python's around them."""
    if isinstance(error, urllib.error.HTTPError):
        return str(error)
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause)


def _fetch(url: str, seconds: float) -> Union[bytes, Exception]:
    try:
        opener = urllib.request.build_opener(_SameTrust)
        with opener.open(url, timeout=seconds) as response:
            data: bytes = response.read(LARGEST_FETCH + 1)
    except Exception as error:  # whatever a foreign server can bring about
        return error
    if len(data) > LARGEST_FETCH:
        return ValueError(f"it is larger than {LARGEST_FETCH} bytes")
    return data
