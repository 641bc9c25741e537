# SPDX-License-Identifier: MIT
"""The machine that the installer runs in, under libvirt: a transient domain.

libvirt destroys it when this process's connection ends, however that happens; its driver for Xen does not,
and has no channels either (owner.py). The domain starts paused, so that console and channel have a reader
before the first byte.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Optional

from host.base.codes import Code, Failure
from host.install.machine import ConsoleOnly
from host.libvirt import xen_xml, xml
from host.libvirt.connection import Connection, wait_until
from host.libvirt.streams import StreamSocket
from host.libvirt.xml import Source


class DomainEnd:
    """Waits for the end of a domain: a descriptor that is readable then, and the reason."""

    def __init__(self, connection: Connection, domain: Any) -> None:
        library = self._library = connection.library
        self._connection = connection
        self._ours, self._theirs = socket.socketpair()
        self.reason: Optional[str] = None
        self.no_room = False
        server = connection.server
        self._events = [
            server.domainEventRegisterAny(
                domain, library.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._changed, None
            ),
            server.domainEventRegisterAny(
                domain, library.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, self._failed, None
            ),
        ]
        connection.lost = lambda: self._note("lost")
        if connection.is_lost:
            self._note("lost")

    def fileno(self) -> int:
        """Readable when the domain has ended, or when the connection is lost."""
        return self._ours.fileno()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within the seconds."""
        self._ours.settimeout(max(seconds, 0.001))
        with contextlib.suppress(socket.timeout):
            self._ours.recv(1, socket.MSG_PEEK)
        return self.reason is not None

    def _changed(self, _server: Any, _domain: Any, event: int, detail: int, _opaque: Any) -> None:
        library = self._library
        if event == library.VIR_DOMAIN_EVENT_STOPPED:
            reasons = {
                library.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: "shutdown",
                library.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: "destroyed",
                library.VIR_DOMAIN_EVENT_STOPPED_CRASHED: "crashed",
            }
            self._note(reasons.get(detail, "failed"))

    def _failed(
        self,
        _server: Any,
        _domain: Any,
        _path: str,
        _alias: str,
        _action: int,
        why: str,
        _opaque: Any,
    ) -> None:
        self.no_room = self.no_room or why == "enospc"

    def _note(self, reason: str) -> None:
        if self.reason is None:
            self.reason = reason
            with contextlib.suppress(OSError):
                self._theirs.send(b"\0")

    def close(self) -> None:
        """No event comes any more."""
        self._connection.lost = lambda: None
        for event in self._events:
            with contextlib.suppress(self._library.libvirtError):
                self._connection.server.domainEventDeregisterAny(event)
        self._ours.close()
        self._theirs.close()


class LibvirtMachine(ConsoleOnly):
    """A Machine under libvirt; see install/machine.py."""

    def __init__(
        self, connection: Connection, domain: xml.Domain, iso: Source, keys: Source
    ) -> None:
        """Starts it. Failure(EMULATOR) with libvirt's reason."""
        self._connection, self._name = connection, domain.name
        library = connection.library
        install_domain = xen_xml.install_domain if connection.is_xen else xml.install_domain
        text = install_domain(domain, iso, keys)
        auto_destroy = 0 if connection.is_xen else library.VIR_DOMAIN_START_AUTODESTROY
        self._sockets: list[StreamSocket] = []
        self._closing = contextlib.ExitStack()
        with contextlib.ExitStack() as stack, connection.says(f"cannot start {domain.name}"):
            if domain.firmware == "uefi":
                _forget_variables(connection, text)
                stack.callback(_forget_variables, connection, text)
            self._domain = connection.server.createXML(
                text, library.VIR_DOMAIN_START_PAUSED | auto_destroy
            )
            stack.callback(self.end)
            self._end = DomainEnd(connection, self._domain)
            stack.callback(self._end.close)
            force = library.VIR_DOMAIN_CONSOLE_FORCE
            streams = [lambda stream: self._domain.openConsole(None, stream, force)]
            if not connection.is_xen:
                streams.append(lambda stream: self._domain.openChannel(xml.PORT, stream, 0))
            for attach in streams:
                self._sockets.append(StreamSocket(connection, attach))
                stack.callback(self._sockets[-1].close)
            self._domain.resume()
            self._closing = stack.pop_all()

    def console(self) -> int:
        return self._sockets[0].ours.fileno()

    def port(self) -> Optional[int]:
        return self._sockets[1].ours.fileno() if len(self._sockets) > 1 else None

    def fileno(self) -> int:
        return self._end.fileno()

    def has_no_room(self) -> bool:
        return self._end.no_room

    def end(self) -> None:
        with contextlib.suppress(self._connection.library.libvirtError):
            self._domain.destroy()

    def require_good_end(self, verdict_seen: bool) -> None:
        """A domain that libvirt no longer lists has released its volumes."""
        reason = self._end.reason
        if reason == "shutdown":
            return
        shown, name = self._connection.shown, self._name
        sentences = {
            "lost": f"the connection to {shown} was lost",
            "destroyed": f"the domain {name} was destroyed on {shown} by another client",
            "crashed": f"the domain {name} crashed on {shown}",
        }
        sentence = sentences.get(reason or "", f"QEMU failed in the domain {name} on {shown}")
        raise Failure(Code.EMULATOR, sentence)

    def close(self) -> None:
        self._closing.close()


def _forget_variables(connection: Connection, text: str) -> None:
    """libvirt keeps the firmware's variables of a transient domain in a file of its own when the domain
    has ended. Only undefining a domain of this name removes it, so one is defined first. A stale file
    would bring the boot order of another machine."""
    with contextlib.suppress(connection.library.libvirtError):
        domain = connection.server.defineXML(text)
        connection.undefine(domain)


def require_no_run(connection: Connection, uuid: str, owner: str) -> None:
    """libvirt destroys the domain of a killed run by itself, but under Xen, where `owner` says whose
    domains are ours to destroy. One that stays is that of another run, from here or from another host:
    Failure(BUSY)."""

    def is_gone() -> bool:
        with connection.says("cannot look for a domain"):
            domain = connection.find_domain(uuid=uuid)
            if domain is not None and not domain.isActive():  # killed in _forget_variables
                connection.undefine(domain)
                return True
            if domain is not None and owner and xml.find_owner(domain.XMLDesc(0)) == owner:
                domain.destroy()
                return True
            return domain is None

    if not wait_until(is_gone):
        raise Failure(
            Code.BUSY,
            f"another run installs this guest on {connection.shown}, in the domain {uuid}; "
            "virsh destroy ends it",
        )


def destroy(connection: Connection, uuid: str) -> None:
    """Destroys and undefines the guest's domain if there is one."""
    with connection.says(f"cannot remove the domain {uuid}"):
        domain = connection.find_domain(uuid=uuid)
        if domain is None:
            return
        if domain.isActive():
            domain.destroy()
        if domain.isPersistent():
            connection.undefine(domain)
