#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# every_prefix_gpt.sh — proves of the guest gpt what every_prefix.sh proves of the guest bios
GUESTS=gpt exec "$(dirname "$0")/every_prefix.sh"
