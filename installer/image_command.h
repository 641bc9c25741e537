/* SPDX-License-Identifier: MIT */
/*
 * image_command — the command image: makes a disk image of a guest without a machine, as any user.
 *
 * It reads and plans as an install does, and fills files that are not mounted: no root, no loop
 * device, no program of the guest. The modules of installer/image do each step. What an install
 * does by running the guest's programs is left to the guest's first boot, or refused.
 *
 * Tested by: tests/image/direct.sh, tests/image/systemd_boot.sh.
 */
#pragma once

#include "config/options.h"

/* Returns the exit code. */
int image_command_run(const struct options *options);
