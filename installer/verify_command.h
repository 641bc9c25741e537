/* SPDX-License-Identifier: MIT */
/*
 * verify_command — the command verify: reads an installed guest back without changing it.
 *
 * The checks are those that end an install (verify/verify.h). The plan comes from the disk.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include "config/options.h"

/* Prints what was found to standard output, or the sentence to standard error. root: a folder for
 * the mounts, in a mount namespace of this process. Returns the exit status. */
int verify_command_run(const struct options *options, const char *root);
