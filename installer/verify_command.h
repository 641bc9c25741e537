/* SPDX-License-Identifier: MIT */
/*
 * verify_command — the command verify: reads an installed guest back without changing it.
 *
 * The checks are those that end an install (verify/verify.h). The plan comes from the disk.
 *
 * Tested by: tests/loop/images.sh, tests/loop/mistakes.sh.
 */
#pragma once

#include "base/error.h"
#include "config/options.h"

/* Whether the options are those of verify, and the disks can be read. EXIT_CONFIGURATION if not. */
int verify_command_check(const struct options *options, struct error *err) WARN_UNUSED;

/* Prints what was found to standard output, or the sentence to standard error. root: a folder for
 * the mounts, in a mount namespace of this process. Returns the exit status. */
int verify_command_run(const struct options *options, const char *root);
