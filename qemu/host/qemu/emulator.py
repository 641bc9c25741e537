# SPDX-License-Identifier: MIT
"""QEMU: where it is, how fast it can be here, its firmware, and the arguments every machine has.

Disks, networks and consoles are the matter of the tool that starts the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import dataclass
from typing import Optional

from host.base import architectures
from host.base.architectures import AARCH64, X86_64, Architecture
from host.base.codes import Code, Failure

ACCELERATIONS = ("auto", "kvm", "tcg")
MAXIMUM_CORES = 4
KVM = "/dev/kvm"
NO_ACCESS = f"this user may not open {KVM}; join its group, which is often kvm"
SIZE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True)
class MachineOptions:
    """What the user can choose of any machine; `cores` 0 stands for all, up to four. `firmware` is
    empty where a host starts the kernel of a machine that has no BIOS."""

    accel: str = "auto"
    firmware: str = "bios"
    memory: str = "512M"
    cores: int = 0
    architecture: Architecture = X86_64


def parse_size(what: str, text: str) -> int:
    """A size such as 512M or 4G in bytes; Failure(MISUSE) names `what` if it is none."""
    match = re.fullmatch(r"([1-9][0-9]{0,17})([KMGT]?)", text)
    if not match:
        hint = re.fullmatch(r"([1-9][0-9]*)([KMGT])i?[Bb]", text)
        more = f"; write {hint[1]}{hint[2]}" if hint else ""
        raise Failure(Code.MISUSE, f"{what} takes a size such as 512M or 4G, not '{text}'{more}")
    return int(match.group(1)) * SIZE_UNITS[match.group(2)]


def parse_number(what: str, text: str) -> int:
    """A whole number from 1 on; Failure(MISUSE) names `what` if it is none."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise Failure(Code.MISUSE, f"{what} takes a whole number from 1 on, not '{text}'")
    return int(text)


def check_machine(machine: MachineOptions) -> None:
    """Failure(MISUSE) names the option that makes no sense."""
    if machine.accel not in ACCELERATIONS:
        raise Failure(Code.MISUSE, f"--accel takes auto, kvm or tcg, not '{machine.accel}'")
    row = machine.architecture
    if machine.firmware not in row.firmwares:
        known = "bios or uefi" if row.has_bios else f"uefi for {row.name}"
        raise Failure(Code.MISUSE, f"--firmware takes {known}, not '{machine.firmware}'")
    parse_size("--memory", machine.memory)


def find_program(name: str) -> str:
    """The path of a program that we need; also where an ordinary user's PATH does not lead."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    program = shutil.which(name, path=path)
    if not program:
        raise Failure(Code.EMULATOR, f"the command {name} is not installed")
    return program


def find_emulator(architecture: Architecture = X86_64) -> str:
    """QEMU for that processor."""
    return find_program(architecture.emulator)


def detect_acceleration(
    device: str = KVM, cpuinfo: str = "/proc/cpuinfo", architecture: Architecture = X86_64
) -> str:
    """kvm where hardware virtualisation works, else tcg: on x86-64 the device alone proves nothing. On
    64-bit ARM it exists only where it works."""
    if not architectures.is_native(architecture) or not os.access(device, os.R_OK | os.W_OK):
        return "tcg"
    if architecture is AARCH64:
        return "kvm"
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as file:
            flags = file.read()
    except OSError:
        return "tcg"
    return "kvm" if re.search(r"\b(vmx|svm)\b", flags) else "tcg"


def emulation_reason(architecture: Architecture = X86_64) -> str:
    """Why hardware virtualisation does not work here, and what to do about it."""
    if not architectures.is_native(architecture):
        return f"the guest is one for {architecture.name}, and this host is none"
    if not os.path.exists(KVM):
        return f"this host has no {KVM}"
    if not os.access(KVM, os.R_OK | os.W_OK):
        return NO_ACCESS
    return "its processor has no hardware virtualisation, or the firmware has switched it off"


def acceleration(machine: MachineOptions) -> str:
    """kvm or tcg. Failure(EMULATOR) if kvm is required and does not work."""
    if machine.accel == "kvm" and not architectures.is_native(machine.architecture):
        raise Failure(Code.MISUSE, f"--accel kvm: {emulation_reason(machine.architecture)}")
    if machine.accel == "kvm" and os.path.exists(KVM) and not os.access(KVM, os.R_OK | os.W_OK):
        raise Failure(Code.EMULATOR, NO_ACCESS)
    if machine.accel != "auto":
        return machine.accel
    return detect_acceleration(architecture=machine.architecture)


def find_firmware(architecture: Architecture = X86_64) -> tuple[str, str]:
    """The files of the UEFI firmware: its code, and the variables' template."""
    names = architecture.firmware_variables
    ours = (os.environ.get(names[0], ""), os.environ.get(names[1], ""))
    for code, variables in (ours, *architecture.firmware_files, _bundled_firmware(architecture)):
        if os.path.isfile(code) and os.path.isfile(variables):
            return code, variables
    sentence = f"no UEFI firmware found; install {architecture.firmware_package} or set "
    raise Failure(Code.EMULATOR, sentence + " and ".join(names))


def _bundled_firmware(architecture: Architecture) -> tuple[str, str]:
    """Where QEMU's own build installs it, as in nixpkgs; empty names if there is no QEMU."""
    program = shutil.which(architecture.emulator)
    if not program:
        return "", ""
    prefix = os.path.dirname(os.path.dirname(os.path.realpath(program)))
    code, variables = architecture.bundled_firmware
    return f"{prefix}/share/qemu/{code}", f"{prefix}/share/qemu/{variables}"


def quote(value: str) -> str:
    """A value inside QEMU's options, which are separated by commas: one in it is doubled."""
    return value.replace(",", ",,")


def disk_format(path: str) -> str:
    """The format of a disk by its name. The guest controls the content, so it is not probed."""
    if path.endswith((".raw", ".img")):
        return "raw"
    try:
        return "raw" if stat.S_ISBLK(os.stat(path).st_mode) else "qcow2"
    except OSError:
        return "qcow2"


def machine_arguments(machine: MachineOptions, run: str, *, options: str = "") -> list[str]:
    """QEMU and the arguments that every machine has. `run` is a private folder; the firmware's
    variables are written there afresh, because a stale boot order ends in the firmware's shell.
    `options` are further ones for -machine, each with a comma before it."""
    accel, row = acceleration(machine), machine.architecture
    cores = machine.cores or min(len(os.sched_getaffinity(0)), MAXIMUM_CORES)
    arguments = [
        *(find_emulator(row), "-no-user-config", "-nodefaults"),
        *("-machine", row.machine + options, "-accel", accel),
        *("-cpu", "host" if accel == "kvm" else row.emulated_cpu),
        *("-smp", str(cores), "-m", machine.memory, "-display", "none"),
        *(["-vga", "std"] if row.has_screen else []),
        *("-device", "virtio-rng-pci"),
    ]
    if machine.firmware == "uefi":
        arguments += _firmware_arguments(row, run)
    return arguments


def _firmware_arguments(architecture: Architecture, run: str) -> list[str]:
    code, template = find_firmware(architecture)
    variables = os.path.join(run, "firmware-variables")
    shutil.copyfile(template, variables)
    return [
        *("-drive", f"if=pflash,format=raw,readonly=on,file={quote(code)}"),
        *("-drive", f"if=pflash,format=raw,file={quote(variables)}"),
    ]


def log_tail(path: str, limit: int = 5) -> Optional[str]:
    """The end of what a child wrote into a file, in one line, for a failure's sentence."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        return None
    return "; ".join(lines[-limit:]) or None
