# SPDX-License-Identifier: MIT
"""Installing under libvirt: a Hypervisor (install/hypervisor.py) whose disks are volumes of a pool.

The server needs no program or file of ours. What a run makes there has names and identifiers that follow
from the guest's volume, so that the next call removes what a killed one left.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import Any, Callable, ContextManager, Sequence

from host.base import files
from host.base.architectures import X86_64
from host.base.codes import Code, Failure, report
from host.install.key_drive_image import fill_image
from host.install.machine import Machine
from host.install.options import Options
from host.libvirt import capabilities, names, xen_xml, xml
from host.libvirt.connection import Connection
from host.libvirt.libvirt_machine import LibvirtMachine, destroy, require_no_run
from host.libvirt.owner import Turn
from host.libvirt.volumes import Volumes
from host.protocol.verdict import Result
from host.qemu import emulator

TOOL = "first-run"


class LibvirtHost:
    """A host that libvirt manages, this one or another."""

    def __init__(self, options: Options) -> None:
        """Connects. Failure says what the host lacks for this guest."""
        self._options = options
        self._connection = Connection(options.connect)
        try:
            self._kind = self._choose_kind()
            self.accel = "tcg" if self._kind == "qemu" else self._kind
            self._volumes = Volumes(self._connection, options.pool, options.disks)
            self._name = names.domain_name(options.name, options.disks[0].path)
            uuid, guest = self._volumes.pool.uuid, self._volumes.guest
            self._install_uuid = names.identifier("install", uuid, guest)
            self._guest_uuid = names.identifier("guest", uuid, guest)
            self._turn = Turn(self._install_uuid) if self._connection.is_xen else None
            self._owner = self._turn.owner if self._turn else ""
        except BaseException:
            self._connection.close()
            raise

    def _choose_kind(self) -> str:
        connection, accel = self._connection, self._options.machine.accel
        if connection.is_xen:
            return "xen"
        row = self._options.machine.architecture
        if accel == "tcg" and row is X86_64:
            return "qemu"
        with connection.says("cannot read the capabilities"):
            text = connection.server.getCapabilities()
        if not any(capabilities.has_domains(text, kind, row) for kind in ("kvm", "qemu")):
            sentence = (
                f"{connection.shown} has no {row.emulator}: install QEMU for {row.name} there"
            )
            raise Failure(Code.EMULATOR, sentence)
        if accel == "tcg":
            return "qemu"
        offered = capabilities.has_domains(text, "kvm", row)
        if offered and (accel == "kvm" or row is not X86_64 or self._virtualises(text)):
            return "kvm"
        if accel == "kvm":
            sentence = f"{connection.shown} has no hardware virtualisation: leave --accel kvm away"
            raise Failure(Code.MISUSE, sentence)
        return "qemu"

    def _virtualises(self, text: str) -> bool:
        """Whether the host's processor has the instructions: /dev/kvm, for which libvirt looks, alone
        proves nothing. A server that cannot list what a processor model includes is believed."""
        library, cpu = self._connection.library, capabilities.host_cpu(text)
        try:
            whole = self._connection.server.baselineCPU(
                [cpu], library.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
            )
        except library.libvirtError:
            return True
        return capabilities.has_virtualisation(whole)

    def clear(self) -> None:
        require_no_run(self._connection, self._install_uuid, self._owner)
        self._volumes.pool.refresh()
        if self._defines() and self._volumes.is_publishing():
            destroy(self._connection, self._guest_uuid)
        self._volumes.recover()
        self._volumes.require_usable()
        self._require_network()
        for name in (
            {self._name, self._install_name()} if self._defines() else {self._install_name()}
        ):
            self._require_free(name)
        if self._defines():
            self._require_free("", self._guest_uuid)

    def _defines(self) -> bool:
        return self._options.define or self._options.start

    def _install_name(self) -> str:
        return f"{self._name}-install"

    def _require_free(self, name: str, uuid: str = "") -> None:
        connection = self._connection
        with connection.says("cannot look for a domain"):
            found = connection.find_domain(name, uuid)
            name = found.name() if found is not None else name
        if found is None:
            return
        fix = "--name gives the guest another name"
        if uuid:
            fix = f"--disk gives the guest another volume than {self._volumes.guest}"
        sentence = (
            f"{connection.shown} has a domain {name} already; virsh undefine {name} removes it"
        )
        raise Failure(Code.MISUSE, f"{sentence}, or {fix}")

    def _require_network(self) -> None:
        """A network that does not exist would be noticed only when the domain starts."""
        kind, _, name = self._options.network.partition("=")
        if kind != "network":
            return
        connection = self._connection
        look_up = connection.server.networkLookupByName
        with connection.says(f"cannot find the network {name}"):
            found = connection.find(lambda: look_up(name), "VIR_ERR_NO_NETWORK")
            active = found is not None and found.isActive()
        if found is None:
            sentence = f"{connection.shown} has no network {name}; virsh net-list --all lists them"
            raise Failure(Code.MISUSE, sentence)
        if not active:
            sentence = f"the network {name} is not active: start it with virsh net-start"
            raise Failure(Code.MISUSE, sentence)

    def held(self) -> ContextManager[None]:
        """The domain holds the volumes while it runs."""
        return contextlib.nullcontext()

    def make(self) -> None:
        self._volumes.make()

    def machine(self, run: str) -> Machine:
        options, volumes = self._options, self._volumes
        image = os.path.join(run, "keys.img")
        fill_image(os.path.join(run, "keys"), "KEYS", image)
        keys = volumes.upload(names.KEYS, image)
        if not options.quiet and not options.json:
            report(TOOL, f"uploading {options.iso} to {self._connection.shown}")
        iso = volumes.upload(names.ISO, options.iso)
        domain = self._domain(self._install_name(), self._install_uuid, volumes.installing())
        owned = dataclasses.replace(domain, owner=self._owner)
        return LibvirtMachine(self._connection, owned, iso, keys)

    def _domain(self, name: str, uuid: str, disks: Sequence[xml.Source]) -> xml.Domain:
        machine = self._options.machine
        return xml.Domain(
            name=name,
            uuid=uuid,
            kind=self._kind,
            memory=emulator.parse_size("--memory", machine.memory),
            cores=machine.cores or self._cores(),
            firmware=machine.firmware,
            network=self._options.network,
            disks=tuple(disks),
            architecture=machine.architecture,
        )

    def _cores(self) -> int:
        with self._connection.says("cannot read the number of processors"):
            return min(int(self._connection.server.getInfo()[2]), emulator.MAXIMUM_CORES)

    def has_no_room(self) -> bool:
        return self._volumes.pool.has_no_room()

    def check(self) -> None:
        """The domain has ended, so nothing reads the key drive any more."""
        self._volumes.remove_inputs()

    def _guest_xml(self) -> str:
        guest_domain = xen_xml.guest_domain if self._connection.is_xen else xml.guest_domain
        return guest_domain(self._domain(self._name, self._guest_uuid, self._volumes.published()))

    def write_domain(self, results: Sequence[Result]) -> None:
        """Writes the domain's XML; the next words are `virsh define`."""
        files.write_whole(f"{self._options.records}.xml", self._guest_xml())

    def publish(self) -> None:
        """Copies the volumes, defines the domain if asked, and starts it once the volumes are
        published. What fails after that leaves the installed guest."""
        volumes, connection = self._volumes, self._connection
        domain: Any = None
        volumes.begin_publishing()
        volumes.copy()
        if self._defines():
            with connection.says(f"cannot define the domain {self._name}"):
                domain = connection.server.defineXML(self._guest_xml())
        volumes.end_publishing()
        self._attempt_cleanup(volumes.recover)
        if self._options.start:
            with connection.says(f"{self._name} is installed and defined, but cannot start"):
                domain.create()

    def discard(self) -> None:
        """Also after a failure of publish(), which leaves a marker unless the guest is published. A
        server that cannot be asked any more leaves that to the next call. The volumes that are there
        after another run took over are that run's."""
        self._attempt_cleanup(self._discard)

    def _attempt_cleanup(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Failure as failure:
            report(TOOL, f"{failure.sentence}; the next call removes what is left")

    def _discard(self) -> None:
        volumes = self._volumes
        if volumes.taken_over or volumes.is_publishing():
            if self._defines():
                destroy(self._connection, self._guest_uuid)
        elif self._options.keep_failed:
            volumes.keep_failed()
        if not volumes.taken_over:
            volumes.recover()

    def close(self) -> None:
        if self._turn:
            self._turn.close()
        self._connection.close()
