# SPDX-License-Identifier: MIT
"""A storage pool: looks for volumes by name, makes, fills, copies and removes them.

It does not know what a volume is for; see volumes.py.

Tested by: tests/host/test_libvirt_host.py, tests/engines/libvirt.sh
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Optional

from host.base.codes import Code, Failure
from host.libvirt import names, xml
from host.libvirt.connection import Connection, wait_until
from host.libvirt.xml import Source

CHUNK_BYTES = 256 << 10  # libvirt's protocol carries less than that in a packet and divides it
LITTLE_BYTES = 1 << 20


class VolumeExists(Exception):
    """The server has a volume of this name already."""


class Pool:
    """An active storage pool. Its `type` is libvirt's: dir, logical and so on."""

    def __init__(self, connection: Connection, name: str) -> None:
        """Failure(MISUSE) if there is no such pool, or if it is not active."""
        self._connection, self.name = connection, name
        look_up = connection.server.storagePoolLookupByName
        with connection.says(f"cannot find the storage pool {name}"):
            found = connection.find(lambda: look_up(name), "VIR_ERR_NO_STORAGE_POOL")
        if found is None:
            raise Failure(
                Code.MISUSE,
                f"{connection.shown} has no storage pool {name}; virsh pool-list --all lists them",
            )
        self._pool = found
        with connection.says(f"cannot read the storage pool {name}"):
            if not found.isActive():
                sentence = f"the storage pool {name} is not active: start it with virsh pool-start"
                raise Failure(Code.MISUSE, sentence)
            self.uuid = str(found.UUIDString())
            text = found.XMLDesc(0)
        self.type = names.check_pool_type(name, xml.read_pool_type(text))
        self._path = xml.read_pool_path(text) if connection.is_xen else ""
        if connection.is_xen:
            names.check_pool_has_paths(name, self.type)

    def source(
        self, name: str, format: str, serial: str = "", *, expendable: bool = False
    ) -> Source:
        """A volume, which need not exist yet, as a domain's disk."""
        path = f"{self._path}/{name}" if self._path else ""
        is_device = self.type not in names.FILE_POOLS
        return Source(self.name, name, format, serial, expendable, path, is_device)

    def refresh(self) -> None:
        """Has libvirt look at the pool. It refuses while another run uploads, and then knows the
        volumes anyway."""
        with contextlib.suppress(self._connection.library.libvirtError):
            self._pool.refresh(0)

    def has_no_room(self) -> bool:
        """Whether the pool is full."""
        self.refresh()
        with self._connection.says(f"cannot read the storage pool {self.name}"):
            return int(self._pool.info()[3]) < LITTLE_BYTES

    def list_names(self) -> list[str]:
        """The names of all volumes."""
        with self._connection.says(f"cannot list the volumes of the storage pool {self.name}"):
            return [str(name) for name in self._pool.listVolumes()]

    def find(self, name: str) -> Any:
        """The volume or None."""
        look_up = self._pool.storageVolLookupByName
        with self._connection.says(f"cannot look for the volume {name}"):
            return self._connection.find(lambda: look_up(name), "VIR_ERR_NO_STORAGE_VOL")

    def read_format(self, name: str) -> str:
        """The format of a volume that exists."""
        volume = self.find(name)
        if volume is None:
            raise Failure(Code.EMULATOR, f"the volume {name} is gone")
        with self._connection.says(f"cannot read the volume {name}"):
            return xml.read_volume_format(volume.XMLDesc(0))

    def create(self, name: str, format: str, size: int) -> Any:
        """A new, empty volume of so many bytes."""
        with self._connection.says(f"cannot make the volume {name}"):
            return self._pool.createXML(self._xml(name, format, size), 0)

    def upload(self, name: str, path: str) -> None:
        """A file of this host as a new volume."""
        connection, size = self._connection, os.path.getsize(path)
        volume = self.create(name, "raw", size)
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
                with contextlib.suppress(connection.library.libvirtError):
                    stream.abort()
                raise

    def copy(self, source: str, name: str, format: str) -> None:
        """The server copies, and shares the blocks where its file system can. VolumeExists if it has
        a volume of this name."""
        connection = self._connection
        with connection.says(f"cannot copy the installed disk to the volume {name}"):
            volume = self._pool.storageVolLookupByName(source)
            text = self._xml(name, format, volume.info()[1])
            for flags in (connection.library.VIR_STORAGE_VOL_CREATE_REFLINK, 0):
                try:
                    self._pool.createXMLFrom(text, volume, flags)
                    return
                except connection.library.libvirtError as error:
                    if self._says_exists(error):
                        raise VolumeExists(name) from error
                    if not flags:
                        raise

    def _says_exists(self, error: Any) -> bool:
        """libvirt has a code for that, but does not use it when it copies."""
        code, sentence = error.get_error_code(), str(error.get_error_message())
        if code == self._connection.library.VIR_ERR_STORAGE_VOL_EXIST:
            return True
        return "already in use" in sentence or "already exists" in sentence

    def remove(self, name: str) -> None:
        """Removes a volume that need not exist. The server releases soon what a killed run used; what
        a living one uses is Failure(BUSY)."""
        reason: Optional[str] = None

        def is_gone() -> bool:
            nonlocal reason
            volume = self.find(name)
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
            busy = any(words in (reason or "") for words in ("in use", "being allocated"))
            raise Failure(Code.BUSY if busy else Code.EMULATOR, sentence)

    def _xml(self, name: str, format: str, size: int) -> str:
        return xml.volume(name, format, size, self.type in names.FILE_POOLS)
