# SPDX-License-Identifier: MIT
"""Names under libvirt: connection URIs, volumes, domains, identifiers.

Pure but for the environment variable LIBVIRT_DEFAULT_URI. A volume that is being installed has a temporary
name, which follows from the guest's, so that the next call finds what a killed one left. libvirt cannot
rename a volume: the final volume is copied from the temporary one, and marker volumes exist meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid

from host.base.codes import refuse

DEFAULT_URI = "qemu:///system"
DEFAULT_POOL = "default"
TRANSPORTS = ("unix", "ssh", "libssh", "libssh2", "tls", "tcp", "ext")
# What a guest's volume is called while it is installed, and what else a run has in the pool.
DISK, ISO, KEYS, MARKER = ".installing", ".installing-iso", ".installing-keys", ".publishing"
FAILED = ".failed"
_UNFINISHED = re.compile(
    r"\.installing(-iso|-keys|-[0-9]+)?$|\.publishing(-[0-9a-f]{8})?$|\.failed$"
)
# A file name has 255 bytes at most, and the longest suffix is added.
LONGEST_VOLUME = 200
LONGEST_DOMAIN = 60
FILE_POOLS = ("dir", "fs", "netfs", "vstorage")
# In these libvirt makes no volumes, or, in a disk, gives them the names of partitions.
# Their volumes are files or devices of the server, as Xen's driver needs them.
POOLS_WITH_PATHS = (*FILE_POOLS, "logical", "zfs")
POOLS_WITHOUT_NEW_VOLUMES = ("disk", "gluster", "iscsi", "iscsi-direct", "mpath", "scsi")


def default_uri() -> str:
    """As libvirt's own programs have it, but never a URI that libvirt guesses."""
    return os.environ.get("LIBVIRT_DEFAULT_URI") or DEFAULT_URI


def check_uri(text: str) -> str:
    """The URI, or the alias of one in libvirt's configuration. Failure(MISUSE) says what is wrong
    with it. The format is that of libvirt's page "Connection URIs"."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        return text
    match = re.fullmatch(r"([a-z]+)(?:\+([a-z0-9]+))?://[!-~]{0,1000}", text)
    if not match:
        refuse(f"--connect takes a URI such as {DEFAULT_URI}, not '{text}'")
    driver, transport = match.groups()
    if driver not in ("qemu", "xen"):
        refuse(f"--connect takes a URI of libvirt's drivers qemu and xen, not {driver}")
    if transport and transport not in TRANSPORTS:
        refuse(f"--connect takes the transports {', '.join(TRANSPORTS)}, not '{transport}'")
    return text


def is_xen(uri: str) -> bool:
    """Whether the URI is of libvirt's driver for Xen."""
    return re.match(r"xen[+:]", uri) is not None


def shown_uri(text: str) -> str:
    """The URI for a message, without its parameters, which may name files of secrets."""
    return text.partition("?")[0]


def check_volume(option: str, name: str) -> str:
    """The name of a volume. Failure(MISUSE) says why it can be none."""
    if "/" in name:
        refuse(
            f"with libvirt {option} takes the name of a volume in the pool, not a path: '{name}'"
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", name) or len(name) > LONGEST_VOLUME:
        refuse(
            f"a volume's name has up to {LONGEST_VOLUME} letters, digits and the signs _ . + -, "
            f"not '{name}'"
        )
    found = _UNFINISHED.search(name)
    if found:
        ending = found.group()
        refuse(f"{option} {name}: names that end in {ending} are those of unfinished volumes")
    return name


def temporary(guest: str, number: int) -> str:
    """What disk `number` of the guest is called while it is installed. The guest's name is in it,
    because extra disks of two guests may have one name."""
    return guest + DISK + (f"-{number}" if number else "")


def is_temporary(guest: str, name: str) -> bool:
    """Whether a volume is a disk of this guest that is being installed."""
    return re.fullmatch(re.escape(guest + DISK) + "(-[0-9]+)?", name) is not None


def owner_suffix(guest: str) -> str:
    """A volume NAME and a volume NAME with this suffix: a run that installs this guest makes NAME."""
    return f"{MARKER}-{hashlib.sha256(guest.encode()).hexdigest()[:8]}"


def check_pool(name: str) -> str:
    """The name of a storage pool. Failure(MISUSE) says why it can be none."""
    if not re.fullmatch(r"[A-Za-z0-9_.+-][A-Za-z0-9_.+ -]{0,63}", name):
        refuse(f"--pool takes the name of a storage pool, not '{name}'")
    return name


def domain_name(given: str, volume: str) -> str:
    """The guest's name: the given one, or that of its volume without the ending."""
    name = given or re.sub(r"\.(img|raw|qcow2)$", "", volume)
    if not re.fullmatch(r"[A-Za-z0-9_.+-]+", name) or len(name) > LONGEST_DOMAIN:
        refuse(
            f"a domain's name has up to {LONGEST_DOMAIN} letters, digits and the signs _ . + -, "
            f"not '{name}': set --name"
        )
    return name


def identifier(purpose: str, pool: str, volume: str) -> str:
    """The UUID of the domain that installs onto a volume ("install"), or that runs from it ("guest").
    `pool` is the pool's UUID. No other guest's domain has it, and every call finds it again."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"guest-installer:{purpose}:{pool}/{volume}"))


def check_pool_type(pool: str, pool_type: str) -> str:
    """A type of pool in which volumes with names of our own can be made."""
    if pool_type in POOLS_WITHOUT_NEW_VOLUMES:
        refuse(
            f"the storage pool {pool} is of the type {pool_type}, in which libvirt makes no volumes with given"
            " names: choose one of the type dir, fs, netfs, logical, rbd or zfs"
        )
    return pool_type


def check_pool_has_paths(pool: str, pool_type: str) -> None:
    """A type of pool whose volumes Xen's driver can open."""
    if pool_type not in POOLS_WITH_PATHS:
        refuse(
            f"the storage pool {pool} is of the type {pool_type}, whose volumes have no paths, which Xen needs:"
            f" choose one of the type {', '.join(POOLS_WITH_PATHS)}"
        )


def volume_format(given: str, volume: str, pool_type: str) -> str:
    """The format of a new volume: only pools of files have others than raw."""
    if pool_type not in FILE_POOLS:
        if given not in ("", "raw"):
            refuse(f"a pool of type {pool_type} has raw volumes: leave --format away")
        return "raw"
    return given or ("raw" if re.search(r"\.(img|raw)$", volume) else "qcow2")
