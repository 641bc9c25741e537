# SPDX-License-Identifier: MIT
"""QEMU: its arguments, its start, its monitor, and the boot files of media and disks."""
