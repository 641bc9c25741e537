#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system_calls_image_device.sh — proves that the command image, run by an ordinary user, survives EIO and ENOSPC of
# its system calls: it ends with the right code and leaves nothing, or the image has the bytes of an undisturbed one
# shellcheck source=tests/loop/system_calls.lib.sh
. "$(dirname "$0")/../loop/system_calls.lib.sh"

prepare_calls
run_case "image: the calls fail once with EIO or ENOSPC" every_call image ES
record_calls calls-image-device
