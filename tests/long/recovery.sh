#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# recovery.sh — proves with twenty kills what tests/qemu/recovery.sh proves with two
KILLS=20 SEED=2 exec "$(dirname "$0")/../qemu/recovery.sh"
