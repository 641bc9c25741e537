/* SPDX-License-Identifier: MIT */
/*
 * check_command — the command check: says whether a guest's manifest can be installed.
 *
 * It reads the manifest and the configuration that the command line names, and nothing of this
 * machine: no disk, no firmware, no /etc/guest-installer.conf. It needs no root. The decision is
 * plan/manifest_check's.
 *
 * Tested by: tests/loop/plan.sh.
 */
#pragma once

#include "config/options.h"

/* Prints the needs of the install to standard output, or the refusal to standard error. Returns the
 * exit status. */
int check_command_run(const struct options *options);
