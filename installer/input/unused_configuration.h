/* SPDX-License-Identifier: MIT */
/*
 * unused_configuration — refuses a NixOS configuration that an install would ignore.
 *
 * A configuration.nix or a flake on the key drive, or embedded in the ISO, says what the guest
 * shall be. An install that uses neither would succeed with another guest. Which of them is built
 * is decided by nixos_install/build_request.
 *
 * Pure.
 *
 * Tested by: tests/unit/test_unused_configuration.c, tests/qemu/refusals.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "input/key_drive.h"

/* 0 if the install uses every configuration that the drive has, or the setting files copies it to
 * the guest. EXIT_CONFIGURATION with the name of the file, the reason and the fix if not. */
int unused_configuration_check(
	const struct config *config, const struct key_drive *drive, struct error *err) WARN_UNUSED;
