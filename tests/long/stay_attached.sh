#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# stay_attached.sh — proves what tests/qemu/stay_attached.sh proves, and more: starts by both firmwares in either
# order, and further layouts
LONG=1 exec "$(dirname "$0")/../qemu/stay_attached.sh"
