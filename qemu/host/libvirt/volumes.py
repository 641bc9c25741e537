# SPDX-License-Identifier: MIT
"""The volumes of an installation: made under temporary names, filled by upload, published by copying.

Nothing here knows a path of the server: a pool may be a folder, a volume group or a cluster. libvirt has
no renaming. So the final volume is a copy that the server makes of the installed one, and a marker volume
exists until all of them are complete: as long as it exists, a volume with the final name is not published.
"""

from __future__ import annotations

import os
from typing import Any, Optional, Sequence

from host.base.codes import Code, Failure
from host.install.disk import Disk
from host.libvirt import names, xml
from host.libvirt.connection import Connection, wait_until
from host.libvirt.xml import Source
from host.qemu import emulator

CHUNK_BYTES = 256 << 10  # libvirt's protocol carries less than that in a packet and divides it
LITTLE_BYTES = 1 << 20
MARKER_BYTES = 1 << 20


class Volumes:
    """The disks of one guest in one storage pool. The first of the disks is the guest's own."""

    def __init__(self, connection: Connection, pool: str, disks: Sequence[Disk]) -> None:
        """Failure(MISUSE) if there is no such pool, or if it is not active."""
        self._connection, self._name, self._disks = connection, pool, disks
        library = connection.library
        look_up = connection.server.storagePoolLookupByName
        with connection.says(f"cannot find the storage pool {pool}"):
            found = connection.find(lambda: look_up(pool), "VIR_ERR_NO_STORAGE_POOL")
        if found is None:
            raise Failure(
                Code.MISUSE,
                f"{connection.shown} has no storage pool {pool}; virsh pool-list --all lists them",
            )
        self._pool = found
        with connection.says(f"cannot read the storage pool {pool}"):
            if not found.isActive():
                sentence = f"the storage pool {pool} is not active: start it with virsh pool-start"
                raise Failure(Code.MISUSE, sentence)
            self.pool_uuid = str(found.UUIDString())
            self._type = xml.read_pool_type(found.XMLDesc(0))
        self._made = [disk for disk in disks if not disk.existing]
        self._exists = library.VIR_ERR_STORAGE_VOL_EXIST

    @property
    def guest(self) -> str:
        """The name of the guest's own volume."""
        return self._disks[0].path

    def refresh(self) -> None:
        """Has libvirt look at the pool. It refuses while another run uploads, and then knows the
        volumes anyway."""
        try:
            self._pool.refresh(0)
        except self._connection.library.libvirtError:
            pass

    def is_publishing(self) -> bool:
        """Whether a killed run left volumes under their final names that may be incomplete."""
        return self._find(self.guest + names.MARKER) is not None

    def recover(self) -> None:
        """Removes what a killed or failed run left; the marker goes last."""
        if self.is_publishing():
            for disk in self._made:
                self._remove(disk.path)
        for disk in self._made:
            self._remove(disk.path + names.DISK)
        for suffix in (names.ISO, names.KEYS, names.MARKER):
            self._remove(self.guest + suffix)

    def require_usable(self) -> None:
        """Failure(MISUSE) if a volume is in the way of a new one, or if one does not exist that
        should."""
        for disk in self._disks:
            found = self._find(disk.path) is not None
            if found and not disk.existing:
                raise Failure(
                    Code.MISUSE,
                    f"the volume {disk.path} exists already in the pool {self._name}; delete it "
                    "with virsh vol-delete, or use it as it is with --existing",
                )
            if disk.existing and not found:
                sentence = f"the pool {self._name} has no volume {disk.path}"
                raise Failure(Code.MISUSE, sentence)

    def make(self) -> None:
        """Makes the new disks under their temporary names."""
        for disk in self._made:
            assert disk.size is not None
            size = emulator.parse_size("the disk", disk.size)
            self._create(disk.path + names.DISK, self._format(disk), size)

    def upload(self, suffix: str, path: str) -> Source:
        """A file of this host as a volume of this run."""
        name, size = self.guest + suffix, os.path.getsize(path)
        volume = self._create(name, "raw", size)
        connection = self._connection
        with connection.says(f"cannot upload {path} to the volume {name}"):
            stream = connection.server.newStream(0)
            try:
                volume.upload(stream, 0, size, 0)
                with open(path, "rb") as file:
                    while data := file.read(CHUNK_BYTES):
                        while data:
                            data = data[stream.send(data) :]
                stream.finish()
            except BaseException:
                _abort(stream, connection)
                raise
        return Source(self._name, name, "raw")

    def installing(self) -> list[Source]:
        """The disks as the installing domain has them."""
        return [
            Source(
                self._name,
                disk.path + ("" if disk.existing else names.DISK),
                self._format(disk),
                disk.serial,
            )
            for disk in self._disks
        ]

    def published(self) -> list[Source]:
        """The disks as the guest has them."""
        return [
            Source(self._name, disk.path, self._format(disk), disk.serial) for disk in self._disks
        ]

    def remove_inputs(self) -> None:
        """Removes key drive and ISO: the key drive may have secrets."""
        self._remove(self.guest + names.KEYS)
        self._remove(self.guest + names.ISO)

    def begin_publishing(self) -> None:
        """From here on, until end_publishing, a final name says nothing."""
        self.require_usable()
        self._create(self.guest + names.MARKER, "raw", MARKER_BYTES)

    def copy(self) -> None:
        """Makes the final volumes."""
        for disk in self._made:
            self._copy(disk, disk.path)

    def end_publishing(self) -> None:
        """The final names are valid from the moment in which the marker is gone."""
        for disk in self._made:
            self._remove(disk.path + names.DISK)
        self._remove(self.guest + names.MARKER)

    def keep_failed(self) -> None:
        """Copies the disks of a failed installation to NAME.failed."""
        for disk in self._made:
            if self._find(disk.path + names.DISK) is not None:
                self._remove(disk.path + names.FAILED)
                self._copy(disk, disk.path + names.FAILED)

    def has_no_room(self) -> bool:
        """Whether the pool is full."""
        self.refresh()
        with self._connection.says(f"cannot read the storage pool {self._name}"):
            return int(self._pool.info()[3]) < LITTLE_BYTES

    def _format(self, disk: Disk) -> str:
        if disk.existing:
            volume = self._find(disk.path)
            if volume is None:
                raise Failure(Code.EMULATOR, f"the volume {disk.path} is gone")
            with self._connection.says(f"cannot read the volume {disk.path}"):
                return xml.read_volume_format(volume.XMLDesc(0))
        return names.volume_format(disk.format, disk.path, self._type)

    def _xml(self, name: str, format: str, size: int) -> str:
        return xml.volume(name, format, size, self._type in names.FILE_POOLS)

    def _create(self, name: str, format: str, size: int) -> Any:
        with self._connection.says(f"cannot make the volume {name}"):
            return self._pool.createXML(self._xml(name, format, size), 0)

    def _copy(self, disk: Disk, name: str) -> None:
        """The server copies, and shares the blocks where its file system can."""
        connection = self._connection
        with connection.says(f"cannot copy the installed disk to the volume {name}"):
            source = self._pool.storageVolLookupByName(disk.path + names.DISK)
            text = self._xml(name, self._format(disk), source.info()[1])
            for flags in (connection.library.VIR_STORAGE_VOL_CREATE_REFLINK, 0):
                try:
                    self._pool.createXMLFrom(text, source, flags)
                    return
                except connection.library.libvirtError as error:
                    if not flags or error.get_error_code() == self._exists:
                        raise

    def _find(self, name: str) -> Any:
        look_up = self._pool.storageVolLookupByName
        with self._connection.says(f"cannot look for the volume {name}"):
            return self._connection.find(lambda: look_up(name), "VIR_ERR_NO_STORAGE_VOL")

    def _remove(self, name: str) -> None:
        """Removes a volume that need not exist. The server releases soon what a killed run used; what
        a living one uses is Failure(BUSY)."""
        reason: Optional[str] = None

        def is_gone() -> bool:
            nonlocal reason
            volume = self._find(name)
            if volume is None:
                return True
            try:
                volume.delete(0)
            except self._connection.library.libvirtError as error:
                reason = " ".join(str(error.get_error_message()).split())
                return False
            return True

        if not wait_until(is_gone):
            sentence = f"cannot delete the volume {name} on {self._connection.shown}: {reason}"
            raise Failure(Code.BUSY if "in use" in (reason or "") else Code.EMULATOR, sentence)


def _abort(stream: Any, connection: Connection) -> None:
    try:
        stream.abort()
    except connection.library.libvirtError:
        pass
