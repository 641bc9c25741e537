#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# host_kernel.sh — proves what tests/qemu/host_kernel.sh proves, and more: data on either of two disks
LONG=1 exec "$(dirname "$0")/../qemu/host_kernel.sh"
