#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# recovery.sh — proves of twenty kills what tests/qemu/recovery.sh proves of three
KILLS=20 SEED=2 exec "$(dirname "$0")/../qemu/recovery.sh"
