#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system_calls_image_rest.sh — proves that the command image, run by an ordinary user, survives ENOMEM, EINTR, EAGAIN
# and half of the bytes of its system calls: it ends with the right code and leaves nothing, or the image has the
# bytes of an undisturbed one
# shellcheck source=tests/loop/system_calls.lib.sh
. "$(dirname "$0")/../loop/system_calls.lib.sh"

prepare_calls
run_case "image: the calls fail once with ENOMEM, EINTR, EAGAIN or half of the bytes" every_call image MNAH
record_calls calls-image-rest
