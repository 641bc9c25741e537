#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system_calls_pygrub_device.sh — proves that an install in the layout pygrub survives EIO and ENOSPC of
# every system call: it ends with the right code, and the disks are whole or the next run takes them
# shellcheck source=tests/loop/system_calls.lib.sh
. "$(dirname "$0")/../loop/system_calls.lib.sh"

prepare_calls
run_case "pygrub: every call fails once with EIO or ENOSPC" every_call pygrub ES
record_calls calls-pygrub-device
