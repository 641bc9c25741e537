#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# systemd_boot.sh — proves what tests/qemu/systemd_boot.sh proves, and more: an emptied EFI system partition and a BIOS
LONG=1 exec "$(dirname "$0")/../qemu/systemd_boot.sh"
