#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install_bios.sh — proves what tests/qemu/install_bios.sh proves, and more: the store as Nix sees it
LONG=1 exec "$(dirname "$0")/../qemu/install_bios.sh"
