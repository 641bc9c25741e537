#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nixos_install.sh — proves what tests/qemu/nixos_install.sh proves, and more: a guest for another firmware
LONG=1 exec "$(dirname "$0")/../qemu/nixos_install.sh"
