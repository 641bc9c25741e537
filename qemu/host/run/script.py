# SPDX-License-Identifier: MIT
"""A script in a guest that has just been started: mounts first, the script, the end of the guest."""

from __future__ import annotations

from host.base.codes import Code, Failure, report
from host.base.deadline import Deadline
from host.run.guest import TOOL, Guest
from host.run.devices import tap_mac
from host.run.kernel import all_shares
from host.run.kernel_file import kernel_release
from host.run.login import Login
from host.run.share import mount_options, mount_point
from host.protocol.verdict import harmless

STEP_SECONDS = 120
CONSOLE_LINES = 60  # a panic has its registers and calls behind it


def run_script(guest: Guest) -> int:
    """Returns the script's exit status; Failure if it has none."""
    options = guest.options
    deadline = Deadline(options.timeout)
    hosts = f"{guest.disk}.known_hosts"
    login = Login(guest.ssh_port, options.user, options.identity, hosts, guest.run, guest.runs)
    try:
        login.open(min(options.boot_timeout, deadline.left()))
        for line in preparations(guest):
            status, output = login.command(line, min(STEP_SECONDS, deadline.left()))
            if status != 0:
                reason = harmless(" ".join(output.split()))
                raise Failure(Code.NO_VERDICT, f"the guest cannot do '{line}': {reason}")
        status = login.script(options.run, deadline.left())
    except Failure as failure:
        _report_console(guest)
        guest.dump_if_panicked()
        raise failure
    finally:
        login.close()
    if not options.snapshot:
        guest.stop()
    return status


def preparations(guest: Guest) -> list[str]:
    """What the guest has to do before the script, where its start has not done it already."""
    options = guest.options
    release = kernel_release(options.kernel) if options.kernel else None
    lines = []
    for share in all_shares(options):
        where = mount_point(share, release)
        flags = f"-t {guest.transport} -o {mount_options(share, guest.transport)}"
        mount = f"mount {flags} {share.tag} {where}"
        lines.append(f"mkdir -p {where} && {{ grep -qF ' {where} ' /proc/mounts || {mount}; }}")
    if options.address:
        lines.append(
            f'for card in /sys/class/net/*; do [ "$(cat $card/address)" != {tap_mac(options.guest)} ]'
            f' || {{ ip link set "${{card##*/}}" up && ip address replace {options.address}'
            ' dev "${card##*/}"; }; done'
        )
    return lines


def _report_console(guest: Guest) -> None:
    """Prints the end of the console's log, which often has the reason."""
    try:
        with open(guest.console_log(), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()[-CONSOLE_LINES:]
    except OSError:
        return
    report(TOOL, "the end of the console:\n" + "\n".join(harmless(line) for line in lines))
