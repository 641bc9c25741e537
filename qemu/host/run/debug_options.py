# SPDX-License-Identifier: MIT
"""The options of run-guest for kernel developers, checked: raw arguments, gdb, memory dumps, vsock.

It looks at the files that are named, and starts nothing.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from functools import partial

from host.base.codes import Code, Failure
from host.run.words import Words, one_value

SOCKET_BYTES = 107  # unix(7): sun_path, without its end
FIRST_CID, LAST_CID = 3, 0xFFFFFFFE  # vsock(7): 0 to 2 and the last one have a meaning of their own


@dataclass(frozen=True)
class DebugOptions:
    """An empty string stands for unsaid; paths are absolute. `gdb` is a path or HOST:PORT, `vsock` a
    number or auto."""

    qemu_arguments: tuple[str, ...] = ()
    gdb: str = ""
    gdb_wait: bool = False
    dump: str = ""
    dump_on_panic: str = ""
    vsock: str = ""


def read_debug(words: Words) -> DebugOptions:
    """The words as options; raises Failure(MISUSE) with the first thing that makes no sense."""
    one = partial(one_value, words)
    # Of a guest that runs or ran, the file .guest may name a core that is there by now.
    starts = not any(name in words for name in ("status", "stop", "dump", "console"))
    options = DebugOptions(
        qemu_arguments=tuple(words.get("qemu-arg", [])),
        gdb=_gdb(one("gdb")) if one("gdb") else "",
        gdb_wait=one("gdb-wait") == "yes",
        dump=_core("--dump", one("dump")),
        dump_on_panic=_core("--dump-on-panic", one("dump-on-panic"), starts),
        vsock=_vsock(one("vsock")),
    )
    if options.gdb_wait and not options.gdb:
        raise Failure(Code.MISUSE, "--gdb-wait needs --gdb, by which the guest is continued")
    return options


def is_address(gdb: str) -> bool:
    """Whether the place of gdb's stub is HOST:PORT and not a path."""
    return re.fullmatch(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}", gdb) is not None


def _gdb(value: str) -> str:
    if is_address(value) and 0 < int(value.rpartition(":")[2]) < 65536:
        return value
    path = os.path.abspath(os.path.expanduser(value))
    if "/" not in value and re.search(r"^[0-9]+$|:", value):
        message = f"--gdb takes a socket's path, or HOST:PORT such as 127.0.0.1:1234, not '{value}'"
        raise Failure(Code.MISUSE, message)
    if len(os.fsencode(path)) > SOCKET_BYTES:
        message = (
            f"--gdb: {path} is longer than {SOCKET_BYTES} bytes, which no socket's path can be"
        )
        raise Failure(Code.MISUSE, message)
    # QEMU would remove any file of that name.
    if os.path.lexists(path) and not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise Failure(Code.MISUSE, f"--gdb: {path} exists and is no socket: choose another path")
    return path


def _core(option: str, value: str, is_new: bool = True) -> str:
    if not value:
        return ""
    path = os.path.abspath(os.path.expanduser(value))
    if is_new and os.path.lexists(path):
        raise Failure(Code.MISUSE, f"{option}: {path} exists already: choose another file")
    if not os.path.isdir(os.path.dirname(path)):
        raise Failure(Code.MISUSE, f"{option}: there is no folder {os.path.dirname(path)}")
    return path


def _vsock(value: str) -> str:
    number = re.fullmatch(r"[1-9][0-9]{0,9}", value)
    if value in ("", "auto") or (number and FIRST_CID <= int(value) <= LAST_CID):
        return value
    message = f"--vsock takes auto or a number from {FIRST_CID} to {LAST_CID}, not '{value}'"
    raise Failure(Code.MISUSE, message)
