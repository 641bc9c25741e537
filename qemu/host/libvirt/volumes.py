# SPDX-License-Identifier: MIT
"""The volumes of an installation: made under temporary names, filled by upload, published by copying.

Nothing here knows a path of the server: a pool may be a folder, a volume group or a cluster. libvirt has
no renaming. So the final volume is a copy that the server makes of the installed one. The marker of the
guest exists until all copies are complete: its removal publishes them. Each copy has a marker of its own,
so that a volume that another program made is never taken for an incomplete copy.

Tested by: tests/host/test_libvirt_host.py, tests/engines/libvirt.sh
"""

from __future__ import annotations

from typing import Sequence

from host.base.codes import Code, Failure
from host.install.disk import Disk
from host.libvirt import names
from host.libvirt.connection import Connection
from host.libvirt.pool import Pool, VolumeExists
from host.libvirt.xml import Source
from host.qemu import emulator

MARKER_BYTES = 1 << 20


class Volumes:
    """The disks of one guest in one storage pool. The first of the disks is the guest's own."""

    def __init__(self, connection: Connection, pool: str, disks: Sequence[Disk]) -> None:
        """Failure(MISUSE) if there is no such pool, or if it is not active."""
        self.pool = Pool(connection, pool)
        self._connection, self._disks = connection, disks
        self._made = [disk for disk in disks if not disk.existing]
        self.taken_over = False  # by another run of this guest: what is there is not ours any more

    @property
    def guest(self) -> str:
        """The name of the guest's own volume."""
        return self._disks[0].path

    def is_publishing(self) -> bool:
        """Whether a killed run left volumes under their final names that may be incomplete."""
        return self.pool.find(self.guest + names.MARKER) is not None

    def recover(self) -> None:
        """Removes what a killed or failed run left. What a living run uses comes first, before any
        harm; the guest's marker goes last. Without it, copies with a marker are complete."""
        self.remove_inputs()
        existing, owner = self.pool.list_names(), names.owner_suffix(self.guest)
        for name in existing:
            if names.is_temporary(self.guest, name):
                self.pool.remove(name)
        incomplete = self.is_publishing()
        for name in existing:
            if name.endswith(owner):
                if incomplete:
                    self.pool.remove(name[: -len(owner)])
                self.pool.remove(name)
        self.pool.remove(self.guest + names.MARKER)

    def require_usable(self) -> None:
        """Failure(MISUSE) if a volume is in the way of a new one, or if one does not exist that
        should."""
        for disk in self._disks:
            found = self.pool.find(disk.path) is not None
            if found and not disk.existing:
                raise Failure(
                    Code.MISUSE,
                    f"the volume {disk.path} exists already in the pool {self.pool.name}; delete it "
                    "with virsh vol-delete, or use it as it is with --existing",
                )
            if disk.existing and not found:
                sentence = f"the pool {self.pool.name} has no volume {disk.path}"
                raise Failure(Code.MISUSE, sentence)

    def make(self) -> None:
        """Makes the new disks under their temporary names."""
        for disk in self._made:
            assert disk.size is not None
            size = emulator.parse_size("the disk", disk.size)
            self.pool.create(self._temporary(disk), self._format(disk), size)

    def upload(self, suffix: str, path: str) -> Source:
        """A file of this host as a volume of this run."""
        name = self.guest + suffix
        self.pool.upload(name, path)
        return self.pool.source(name, "raw")

    def installing(self) -> list[Source]:
        """The disks as the installing domain has them."""
        return [
            self.pool.source(
                disk.path if disk.existing else self._temporary(disk),
                self._format(disk),
                disk.serial,
                expendable=not disk.existing,
            )
            for disk in self._disks
        ]

    def published(self) -> list[Source]:
        """The disks as the guest has them."""
        return [
            self.pool.source(disk.path, self._format(disk), disk.serial) for disk in self._disks
        ]

    def remove_inputs(self) -> None:
        """Removes key drive and ISO: the key drive may have secrets."""
        self.pool.remove(self.guest + names.KEYS)
        self.pool.remove(self.guest + names.ISO)

    def begin_publishing(self) -> None:
        """From here on, until end_publishing, a final name says nothing."""
        self.require_usable()
        self.pool.create(self.guest + names.MARKER, "raw", MARKER_BYTES)

    def copy(self) -> None:
        """Makes the final volumes."""
        owner = names.owner_suffix(self.guest)
        for disk in self._made:
            if self.pool.find(disk.path) is not None:
                raise self._appeared(disk)
            self.pool.create(disk.path + owner, "raw", MARKER_BYTES)
            try:
                self._copy(disk, disk.path)
            except VolumeExists:
                self.pool.remove(disk.path + owner)
                raise self._appeared(disk) from None

    def _appeared(self, disk: Disk) -> Failure:
        return Failure(
            Code.MISUSE,
            f"the volume {disk.path} appeared in the pool {self.pool.name} while it was being "
            "installed; delete it with virsh vol-delete, or choose another name",
        )

    def end_publishing(self) -> None:
        """The final names are valid from the moment in which the guest's marker is gone; recover()
        removes the rest. Failure(BUSY) if another run of this guest removed a volume."""
        self.pool.refresh()
        existing, owner = self.pool.list_names(), names.owner_suffix(self.guest)
        needed = [self.guest + names.MARKER]
        for disk in self._made:
            needed += [disk.path, disk.path + owner]
        for name in needed:
            if name not in existing:
                self.taken_over = True
                raise Failure(
                    Code.BUSY,
                    f"another run for {self.guest} on {self._connection.shown} removed the volume "
                    f"{name} of this one: let one run end before the next one begins",
                )
        self.pool.remove(self.guest + names.MARKER)

    def keep_failed(self) -> None:
        """Copies the disks of a failed installation to NAME.failed."""
        for disk in self._made:
            if self.pool.find(self._temporary(disk)) is not None:
                self.pool.remove(disk.path + names.FAILED)
                self._copy(disk, disk.path + names.FAILED)

    def _temporary(self, disk: Disk) -> str:
        return names.temporary(self.guest, self._disks.index(disk))

    def _copy(self, disk: Disk, name: str) -> None:
        self.pool.copy(self._temporary(disk), name, self._format(disk))

    def _format(self, disk: Disk) -> str:
        if disk.existing:
            return self.pool.read_format(disk.path)
        return names.volume_format(disk.format, disk.path, self.pool.type)
