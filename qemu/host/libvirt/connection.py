# SPDX-License-Identifier: MIT
"""A connection to libvirt: the Python binding, the event loop, errors as sentences.

The only module that imports the binding, and only when a connection is asked for. One thread runs
libvirt's event loop: streams, events and keepalive messages arrive in it.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import sys
import threading
import time
from types import TracebackType
from typing import Any, Callable, Iterator, Optional, Type, Union

from host.base.codes import Code, Failure
from host.libvirt import names

CONNECT_SECONDS = 120
# A server that answers no keepalive message for so long is lost: interval in seconds, messages.
KEEPALIVE = (10, 6)
WAKE_MILLISECONDS = 1000
# How long a server may hold what a killed run had open.
RELEASE_SECONDS = 60
PAUSE_SECONDS = 0.5
LOOP_END_SECONDS = 5


def load() -> Any:
    """The binding. Failure(EMULATOR) says how to install it."""
    try:
        return importlib.import_module("libvirt")
    except ImportError as error:
        raise Failure(
            Code.EMULATOR,
            f"--hypervisor libvirt needs libvirt's Python module, which {sys.executable} does not "
            "have: install python3-libvirt (Debian, Fedora), libvirt-python (Arch Linux) or "
            f"python3Packages.libvirt (NixOS) [{error}]",
        ) from error


class Connection:
    """An open connection. `lost` is called in the event loop's thread when the server is gone."""

    def __init__(self, uri: str) -> None:
        """Failure(EMULATOR) or (DEADLINE) with libvirt's reason."""
        self.library = load()
        self.shown = names.shown_uri(uri)
        self.lost: Callable[[], None] = lambda: None
        self.is_lost = False
        self.is_xen = names.is_xen(uri)
        _start_event_loop(self.library)
        self.server = self._open(uri)
        kind = self.server.getType()
        if kind != ("Xen" if self.is_xen else "QEMU"):
            self.close()
            raise Failure(Code.MISUSE, self._wrong_driver(kind))

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        _kind: Optional[Type[BaseException]],
        _error: Optional[BaseException],
        _trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _wrong_driver(self, kind: str) -> str:
        """Disks and network of a Xen host have other names, so its URI has to say that it is one."""
        if kind == "Xen":
            return f"{self.shown} is libvirt's driver for Xen: name it as xen:///system"
        return f"{self.shown} is not libvirt's driver for QEMU, but {kind}"

    def _open(self, uri: str) -> Any:
        """In a thread of its own: a host that does not answer must not hold us."""
        answer: list[Union[Any, Exception]] = []

        def open_it() -> None:
            try:
                server = self.library.open(uri)
                with contextlib.suppress(self.library.libvirtError):  # not by local sockets of old
                    server.setKeepAlive(*KEEPALIVE)
                server.registerCloseCallback(lambda *_: self._note_loss(), None)
                answer.append(server)
            except Exception as error:
                answer.append(error)

        opener = threading.Thread(target=open_it, daemon=True)
        opener.start()
        opener.join(CONNECT_SECONDS)
        if not answer:
            sentence = f"{self.shown} does not answer in {CONNECT_SECONDS} s"
            raise Failure(Code.DEADLINE, sentence)
        if isinstance(answer[0], Exception):
            reason = " ".join(str(answer[0]).split())
            raise Failure(Code.EMULATOR, f"cannot connect to {self.shown}: {reason}")
        return answer[0]

    def _note_loss(self) -> None:
        self.is_lost = True
        self.lost()

    @contextlib.contextmanager
    def says(self, what: str) -> Iterator[None]:
        """Turns an error of libvirt inside the block into Failure(EMULATOR), NO_ROOM or BUSY."""
        try:
            yield
        except self.library.libvirtError as error:
            reason = " ".join(str(error.get_error_message() or error).split())
            full = "No space left" in reason or "Disk quota exceeded" in reason
            raise Failure(
                Code.NO_ROOM if full else Code.EMULATOR, f"{what} on {self.shown}: {reason}"
            ) from error

    def find(self, look_up: Callable[[], Any], *absent: str) -> Any:
        """What `look_up` returns, or None if libvirt has no such thing: `absent` are the names of
        its error codes for that."""
        codes = [getattr(self.library, code) for code in absent]
        try:
            return look_up()
        except self.library.libvirtError as error:
            if error.get_error_code() in codes:
                return None
            raise

    def find_domain(self, name: str = "", uuid: str = "") -> Any:
        """The domain of this name or UUID, or None."""
        server = self.server
        if uuid:
            return self.find(lambda: server.lookupByUUIDString(uuid), "VIR_ERR_NO_DOMAIN")
        return self.find(lambda: server.lookupByName(name), "VIR_ERR_NO_DOMAIN")

    def undefine(self, domain: Any) -> None:
        """Undefines it with the variables of its firmware, which Xen's driver does not keep."""
        flags = 0 if self.is_xen else self.library.VIR_DOMAIN_UNDEFINE_NVRAM
        domain.undefineFlags(flags)

    def close(self) -> None:
        """Ends the connection; with it end the domains that were started for its time only."""
        with contextlib.suppress(self.library.libvirtError, AttributeError):
            self.server.unregisterCloseCallback()
        with contextlib.suppress(self.library.libvirtError, AttributeError):
            self.server.close()


def wait_until(done: Callable[[], bool], seconds: float = RELEASE_SECONDS) -> bool:
    """Whether `done` became true within the seconds."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


_loop: Optional[threading.Thread] = None


def _start_event_loop(library: Any) -> None:
    """Once in a process, and before the first connection. It ends before the interpreter does: a thread in
    libvirt's C code that comes back to an interpreter which is being torn down crashes the process.
    """
    global _loop
    if _loop:
        return
    ends = threading.Event()
    library.registerErrorHandler(lambda *_: None, None)
    library.virEventRegisterDefaultImpl()
    library.virEventAddTimeout(WAKE_MILLISECONDS, lambda *_: None, None)

    def run() -> None:
        while not ends.is_set():
            with contextlib.suppress(library.libvirtError):
                library.virEventRunDefaultImpl()

    def end() -> None:
        ends.set()
        library.virEventAddTimeout(0, lambda *_: None, None)  # wakes it
        loop.join(LOOP_END_SECONDS)

    loop = _loop = threading.Thread(target=run, daemon=True, name="libvirt")
    loop.start()
    atexit.register(end)
