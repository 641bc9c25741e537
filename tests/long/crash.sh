#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# crash.sh — proves what tests/qemu/crash.sh proves, and more: kills in two more places
LONG=1 exec "$(dirname "$0")/../qemu/crash.sh"
