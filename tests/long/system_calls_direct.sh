#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system_calls_direct.sh — proves that an install in the layout direct survives every fault of every
# system call: it ends with the right code, and the disk is whole or the next run takes it
# shellcheck source=tests/loop/system_calls.lib.sh
. "$(dirname "$0")/../loop/system_calls.lib.sh"

prepare_calls
run_case "direct: every call fails once with every fault" every_call direct ESMNAH
record_calls calls-direct
