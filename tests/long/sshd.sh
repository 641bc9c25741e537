#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sshd.sh — proves what tests/loop/sshd.sh proves, and that the programs leak no memory
LONG=1 exec "$(dirname "$0")/../loop/sshd.sh"
