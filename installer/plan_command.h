/* SPDX-License-Identifier: MIT */
/*
 * plan_command — the command plan: prints what an install would do, for people or as JSON
 * (plan_json).
 *
 * It decides as an install does, and writes nothing.
 *
 * Tested by: tests/loop/images.sh, tests/loop/plan.sh.
 */
#pragma once

#include "config/options.h"

/* Prints the disks and the plan to standard output. A refusal goes to standard error, or into the
 * JSON. Returns the exit code. */
int plan_command_run(const struct options *options);
