#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# together.sh — proves of eight first-runs at once what tests/qemu/together.sh proves of three
GUESTS=8 exec "$(dirname "$0")/../qemu/together.sh"
