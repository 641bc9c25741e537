#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lockout.sh — proves what tests/loop/lockout.sh proves, and that the programs leak no memory
LONG=1 exec "$(dirname "$0")/../loop/lockout.sh"
