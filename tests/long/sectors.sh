#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sectors.sh — proves what tests/qemu/sectors.sh proves, and more: the guest for BIOS
LONG=1 exec "$(dirname "$0")/../qemu/sectors.sh"
