#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engines.sh — proves what tests/engines/shapes.sh proves, and more: the machines of all engines, by their firmware
LONG=1 exec "$(dirname "$0")/../engines/shapes.sh"
