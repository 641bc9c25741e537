#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# every_prefix_systemd_boot.sh — proves of the guest systemd-boot what every_prefix.sh proves of the guest bios
GUESTS=systemd-boot exec "$(dirname "$0")/every_prefix.sh"
