#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# random_closures.sh — proves that an image has random closures as Nix unpacks them: every type, mode, owner, time,
# size, link and content; tests/long/random_closures.sh makes more
#
# Modules: image_command, store/unpack, ext4/ext4_image, ext4/allocator, ext4/directory, ext4/inode.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=closures.lib.sh
source "$TOP/tests/image/closures.lib.sh"

prepare_closures
run_case "a random closure of systemd-boot is whole, on a larger disk" a_closure_is_whole 3
run_case "a random closure of pygrub is whole" a_closure_is_whole 4
run_case "a random closure of direct is whole" a_closure_is_whole 7
