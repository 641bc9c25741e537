# SPDX-License-Identifier: MIT
"""What a kernel developer attaches to a guest: gdb's stub, a panic device, a virtio socket; and the
dump of its memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil

from host.base.codes import Code, Failure
from host.qemu.emulator import quote
from host.qemu.qemu_process import QemuProcess
from host.qemu.qmp import Monitor, MonitorError
from host.run.debug_options import FIRST_CID, DebugOptions, is_address
from host.run.options import GuestOptions

VHOST_VSOCK = "/dev/vhost-vsock"
SSH_PROXIES = (
    "/usr/lib/systemd/systemd-ssh-proxy",
    "/run/current-system/sw/lib/systemd/systemd-ssh-proxy",
)
DUMP_SECONDS = 3600  # a disk may be slow, and a guest large
PANICKED = "GUEST_PANICKED"


class Debugging:
    """The debugging of one guest, from before its start."""

    def __init__(self, options: GuestOptions, disk: str) -> None:
        """Failure(EMULATOR) if the virtio socket that was asked for cannot be had."""
        self._options = options
        self._cid, self._no_vsock = choose_vsock(options.debug.vsock, disk)
        self._panicked = False

    def arguments(self) -> list[str]:
        """QEMU's arguments; the last ones of all."""
        has_isa = self._options.machine.architecture.has_bios
        return debug_arguments(
            self._options.debug, self._cid, "pvpanic" if has_isa else "pvpanic-pci"
        )

    def remarks(self) -> list[str]:
        """What the user needs to know: the commands for gdb and for SSH by the virtio socket."""
        options = self._options
        gdb = gdb_line(options.debug, options.kernel)
        return [
            *([f"to attach gdb: {gdb}"] if gdb else []),
            *(
                [f"by the virtio socket: {vsock_line(self._cid, options.user)}"]
                if self._cid
                else []
            ),
            *([self._no_vsock] if self._no_vsock else []),
        ]

    def panics(self, process: QemuProcess, event: str = "") -> bool:
        """Whether the kernel has panicked, and that is to be noticed. `event` is one that was read."""
        if self._options.debug.dump_on_panic and not self._panicked:
            self._panicked = event == PANICKED or _reports_panic(process.monitor)
        return self._panicked

    def dump_if_panicked(self, process: QemuProcess, event: str = "") -> None:
        """After a panic: writes the guest's memory, ends QEMU, and raises Failure(NO_VERDICT)."""
        if not self.panics(process, event):
            return
        path = self._options.debug.dump_on_panic
        write_dump(process.monitor, path)
        process.end()
        raise Failure(Code.NO_VERDICT, f"the guest's kernel panicked; its memory is in {path}")


def _reports_panic(monitor: Monitor) -> bool:
    with contextlib.suppress(MonitorError):
        monitor.wait_event((PANICKED,), 0)
        return True
    return False


def debug_arguments(options: DebugOptions, cid: int, panic: str = "pvpanic") -> list[str]:
    """QEMU's arguments; the user's own are the last ones. `cid` 0 is no virtio socket, and `panic` is the
    device that the guest's kernel tells of its panic."""
    arguments: list[str] = []
    if options.gdb:
        host, _, port = options.gdb.rpartition(":")
        place = f"path={quote(options.gdb)}"
        if is_address(options.gdb):
            place = f"host={host.strip('[]')},port={port}"
        arguments += ["-chardev", f"socket,id=gdb,{place},server=on,wait=off"]
        arguments += ["-gdb", "chardev:gdb"]
    if options.dump_on_panic:
        arguments += ["-device", panic, "-action", "panic=pause"]
    if cid:
        arguments += ["-device", f"vhost-vsock-pci,guest-cid={cid}"]
    return [*arguments, *options.qemu_arguments]


def gdb_line(options: DebugOptions, kernel: str) -> str:
    """The command that attaches gdb, quoted for a shell; with the symbols of the kernel if they are in
    its build folder."""
    if not options.gdb:
        return ""
    symbols = find_symbols(kernel) if kernel else ""
    words = ["gdb", *([symbols] if symbols else []), "-ex", f"target remote {options.gdb}"]
    return shlex.join(words)


def find_symbols(kernel: str) -> str:
    """The file vmlinux beside a kernel, or at the top of the build folder that has arch/*/boot/KERNEL."""
    folder = os.path.dirname(os.path.realpath(kernel))
    for path in (folder, os.path.join(folder, "..", "..", "..")):
        symbols = os.path.normpath(os.path.join(path, "vmlinux"))
        if os.path.isfile(symbols):
            return symbols
    return ""


def choose_vsock(wanted: str, guest: str, device: str = VHOST_VSOCK) -> tuple[int, str]:
    """The guest's number on the virtio socket, and an empty string; or 0, and why there is none.
    Failure(EMULATOR) if a number was asked for and cannot be had."""
    if not wanted:
        return 0, ""
    reason = ""
    if not os.path.exists(device):
        reason = f"--vsock is not used: this host has no {device} (modprobe vhost_vsock)"
    elif not os.access(device, os.R_OK | os.W_OK):
        reason = f"--vsock is not used: this user may not open {device}; join its group, often kvm"
    if reason and wanted != "auto":
        raise Failure(Code.EMULATOR, reason)
    if reason:
        return 0, reason
    if wanted != "auto":
        return int(wanted), ""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(guest))).hexdigest()
    return int(digest[:7], 16) + FIRST_CID, ""


def vsock_line(cid: int, user: str) -> str:
    """The command that logs in by the virtio socket: with systemd's proxy where it is installed."""
    for proxy in SSH_PROXIES:
        if os.path.isfile(proxy):
            command = ["-o", f"ProxyCommand={proxy} %h %p", "-o", "ProxyUseFdpass=yes"]
            return shlex.join(["ssh", *command, f"{user}@vsock/{cid}"])
    tool = shutil.which("socat") or "socat"
    command = ["-o", f"ProxyCommand={tool} - VSOCK-CONNECT:{cid}:22"]
    return shlex.join(["ssh", *command, f"{user}@vsock"])


def write_dump(monitor: Monitor, path: str) -> None:
    """Writes the guest's memory to a file that does not exist, as an ELF core with the registers of its
    processors; the guest stands still meanwhile. The file has its name when it is complete.

    QEMU does not follow the guest's page tables: an untrusted guest could make it allocate any
    amount of memory (QEMU, qapi/dump.json). crash(8) follows them itself.
    """
    part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.dumping")
    _remove(part)
    arguments = {"paging": False, "protocol": f"file:{part}"}
    try:
        monitor.execute("dump-guest-memory", arguments, seconds=DUMP_SECONDS)
        os.rename(part, path)
    except (MonitorError, OSError) as error:
        _remove(part)
        code = Code.NO_ROOM if "No space left" in str(error) else Code.EMULATOR
        raise Failure(code, f"cannot write the guest's memory to {path}: {error}") from error
    except BaseException:  # what a signal leaves half written has the guest's secrets
        _remove(part)
        raise


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
