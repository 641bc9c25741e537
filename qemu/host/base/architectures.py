# SPDX-License-Identifier: MIT
"""What depends on the processor that a guest is made for: one row for each architecture.

Pure but for the name of this host's own. tests/build/architectures.sh compares the rows with those of
installer/base/architecture.c and iso/architectures.nix.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Optional

from host.base.codes import Code, Failure


@dataclass(frozen=True)
class Architecture:
    """`machine` is QEMU's and libvirt's name, `emulated_cpu` the processor to emulate. `firmwares` has the
    default first. `firmware_variables` of the environment name the firmware's files before `firmware_files`
    are tried: its code, and a template of its variables. QEMU itself comes with `bundled_firmware`, in the folder
    share/qemu beside that of its programs. `serial_console` is the kernel's name of the first
    serial port. `has_screen` says whether the machine has a VGA card. `root_type` is the type of a root
    partition (UAPI Group, "Discoverable Partitions Specification")."""

    name: str
    system: str
    machine: str
    emulated_cpu: str
    firmwares: tuple[str, ...]
    firmware_package: str
    firmware_variables: tuple[str, str]
    firmware_files: tuple[tuple[str, str], ...]
    bundled_firmware: tuple[str, str]
    serial_console: str
    has_screen: bool
    root_type: str
    pe_machine: int

    @property
    def emulator(self) -> str:
        """QEMU's program."""
        return f"qemu-system-{self.name}"

    @property
    def has_bios(self) -> bool:
        """Whether its machines have a BIOS."""
        return "bios" in self.firmwares


# Page tables of five levels, which only a machine with more than 64 TiB needs, take an eighth of the time of an
# emulated start.
X86_64 = Architecture(
    name="x86_64",
    system="x86_64-linux",
    machine="pc",
    emulated_cpu="max,la57=off",
    firmwares=("bios", "uefi"),
    firmware_package="OVMF",
    firmware_variables=("OVMF_CODE", "OVMF_VARS"),
    firmware_files=(
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        ("/run/libvirt/nix-ovmf/OVMF_CODE.fd", "/run/libvirt/nix-ovmf/OVMF_VARS.fd"),
    ),
    bundled_firmware=("edk2-x86_64-code.fd", "edk2-i386-vars.fd"),
    serial_console="ttyS0",
    has_screen=True,
    root_type="4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
    pe_machine=0x8664,
)

# The full pointer authentication of the emulated processor takes most of the time of a start; QEMU's own
# algorithm in its place is as good for a guest (QEMU, docs/system/arm/cpu-features.rst, pauth-impdef).
AARCH64 = Architecture(
    name="aarch64",
    system="aarch64-linux",
    machine="virt",
    emulated_cpu="max,pauth-impdef=on",
    firmwares=("uefi",),
    firmware_package="AAVMF (qemu-efi-aarch64, edk2-aarch64)",
    firmware_variables=("AAVMF_CODE", "AAVMF_VARS"),
    firmware_files=(
        ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        (
            "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
            "/usr/share/edk2/aarch64/vars-template-pflash.raw",
        ),
        ("/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd"),
        (
            "/usr/share/qemu/aavmf-aarch64-code.bin",
            "/usr/share/qemu/aavmf-aarch64-vars.bin",
        ),
        ("/run/libvirt/nix-ovmf/AAVMF_CODE.fd", "/run/libvirt/nix-ovmf/AAVMF_VARS.fd"),
    ),
    bundled_firmware=("edk2-aarch64-code.fd", "edk2-arm-vars.fd"),
    serial_console="ttyAMA0",
    has_screen=False,
    root_type="B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
    pe_machine=0xAA64,
)

ARCHITECTURES = (X86_64, AARCH64)
NAMES = tuple(row.name for row in ARCHITECTURES)


def find(name: str) -> Architecture:
    """The row of uname's or Nix's name; Failure(MISUSE) for the option --arch if there is none."""
    for row in ARCHITECTURES:
        if name in (row.name, row.system):
            return row
    raise Failure(Code.MISUSE, f"--arch takes {' or '.join(NAMES)}, not '{name}'")


def of_kernel(head: bytes) -> Optional[Architecture]:
    """The row that the beginning of a kernel is for, by the machine in its header of an EFI program
    (Microsoft, "PE Format") or by the header of a bzImage; None if it has neither."""
    at = int.from_bytes(head[60:64], "little")
    if head[:2] == b"MZ" and head[at : at + 4] == b"PE\0\0":
        machine = int.from_bytes(head[at + 4 : at + 6], "little")
        return next((row for row in ARCHITECTURES if row.pe_machine == machine), None)
    return X86_64 if head[0x202:0x206] == b"HdrS" else None


def is_native(row: Architecture) -> bool:
    """Whether it is this host's."""
    return platform.machine() == row.name
