#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# together.sh — proves with eight first-runs at once what tests/qemu/together.sh proves with two
GUESTS=8 exec "$(dirname "$0")/../qemu/together.sh"
