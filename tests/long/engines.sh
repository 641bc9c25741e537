#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engines.sh — proves that the ISO installs on the disks of SCSI controllers that engines offer, but do not use
# by default. The sample guest's kernel has no driver for them, so it is not booted.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=../engines/engines.lib.sh
source "$TOP/tests/engines/engines.lib.sh"

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "a disk of an LSI 53C895A is installed" installs lsi sda
run_case "a disk of a MegaRAID SAS is installed" installs megasas sda
