# SPDX-License-Identifier: MIT
"""A script in a guest that has just been started: mounts first, the script, the end of the guest."""

from __future__ import annotations

from host.codes import Code, Failure, say
from host.deadline import Deadline
from host.guest import TOOL, Guest
from host.guest_devices import tap_mac
from host.guest_kernel import all_shares, kernel_release
from host.login import Login
from host.share import mount_options, mount_point
from host.verdict import harmless

STEP_SECONDS = 120
CONSOLE_LINES = 60  # a panic has its registers and calls behind it


def run_script(guest: Guest) -> int:
    """Returns the script's exit status; Failure if it has none."""
    wishes = guest.wishes
    deadline = Deadline(wishes.timeout)
    hosts = f"{guest.disk}.known_hosts"
    login = Login(guest.ssh_port, wishes.user, wishes.identity, hosts, guest.run, guest.runs)
    try:
        login.open(min(wishes.boot_timeout, deadline.left()))
        for line in preparations(guest):
            status, output = login.command(line, min(STEP_SECONDS, deadline.left()))
            if status != 0:
                reason = harmless(" ".join(output.split()))
                raise Failure(Code.NO_VERDICT, f"the guest cannot do '{line}': {reason}")
        status = login.script(wishes.run, deadline.left())
    except Failure as failure:
        _tell_console(guest)
        raise failure
    finally:
        login.close()
    if not wishes.snapshot:
        guest.stop()
    return status


def preparations(guest: Guest) -> list[str]:
    """What the guest has to do before the script, where its start has not done it already."""
    wishes = guest.wishes
    release = kernel_release(wishes.kernel) if wishes.kernel else None
    lines = []
    for share in all_shares(wishes):
        where = mount_point(share, release)
        mount = f"mount -t {guest.way} -o {mount_options(share, guest.way)} {share.tag} {where}"
        lines.append(f"mkdir -p {where} && {{ grep -qF ' {where} ' /proc/mounts || {mount}; }}")
    if wishes.address:
        lines.append(
            f'for card in /sys/class/net/*; do [ "$(cat $card/address)" != {tap_mac(wishes.guest)} ]'
            f' || {{ ip link set "${{card##*/}}" up && ip address replace {wishes.address}'
            ' dev "${card##*/}"; }; done'
        )
    return lines


def _tell_console(guest: Guest) -> None:
    """The last words of a kernel are often the reason."""
    try:
        with open(guest.console_log(), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()[-CONSOLE_LINES:]
    except OSError:
        return
    say(TOOL, "the end of the console:\n" + "\n".join(harmless(line) for line in lines))
