# SPDX-License-Identifier: MIT
"""What run-guest is to do with a guest under libvirt: its options checked.

Pure. A domain has its devices since it was defined, so most options of a machine have no use here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from host.base.codes import Code, Failure
from host.libvirt import names
from host.qemu.emulator import MachineOptions, check_machine, parse_number
from host.run.architecture import choose
from host.run.options import NEW_DISK
from host.run.words import Words, one_value

TASKS = ("status", "stop", "daemon", "console")
INSTALLING = (
    "accel",
    "arch",
    "cores",
    "firmware",
    "iso",
    "key",
    "memory",
    "network",
    "set",
    "size",
)
KNOWN = ("connect", "guest", "hypervisor", "json", "log", "name", "pool", "stop-timeout")


@dataclass(frozen=True)
class DomainOptions:
    """What the user wants, checked. An empty string stands for unsaid."""

    volume: str
    name: str
    connect: str
    pool: str
    task: str
    json: bool
    log: str
    stop_timeout: int
    installs: bool
    install_words: tuple[str, ...] = field(default_factory=tuple)


def check(words: Words, default_uri: str) -> DomainOptions:
    """The words as options; Failure(MISUSE) says which make no sense."""
    for name in words:
        if name not in (*TASKS, *INSTALLING, *KNOWN):
            raise Failure(Code.MISUSE, f"--{name} does not work with libvirt")
    one = partial(one_value, words)
    tasks = [name for name in TASKS if one(name) == "yes"]
    if len(tasks) > 1:
        raise Failure(Code.MISUSE, f"--{tasks[0]} and --{tasks[1]} exclude each other")
    if one("json") == "yes" and tasks != ["status"]:
        raise Failure(Code.MISUSE, "--json needs --status")
    if not one("guest"):
        raise Failure(Code.MISUSE, "a volume is needed")
    architecture = choose(one("arch"), iso=one("iso"))
    firmware = one("firmware") or architecture.firmwares[0]
    check_machine(MachineOptions(one("accel"), firmware, one("memory"), architecture=architecture))
    volume = names.check_volume("run-guest", one("guest"))
    return DomainOptions(
        volume=volume,
        name=names.domain_name(one("name"), volume),
        connect=names.check_uri(one("connect") or default_uri),
        pool=names.check_pool(one("pool") or names.DEFAULT_POOL),
        task=tasks[0] if tasks else "",
        json=one("json") == "yes",
        log=one("log"),
        stop_timeout=parse_number("--stop-timeout", one("stop-timeout")),
        installs=bool(one("iso")),
        install_words=_install_words(words),
    )


def _install_words(words: Words) -> tuple[str, ...]:
    """The arguments of first-run that come from the words, and the size of the disk."""
    given: list[str] = []
    for name in INSTALLING:
        for value in words.get(name, [NEW_DISK] if name == "size" else []):
            given += [f"--{name}", value]
    return tuple(given)
