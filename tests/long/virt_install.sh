#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# virt_install.sh — proves what tests/engines/virt_install.sh proves, and more: virt-manager and Terraform
LONG=1 exec "$(dirname "$0")/../engines/virt_install.sh"
