/* SPDX-License-Identifier: MIT */
/*
 * print_plan — prints the answer of `guest-installer plan`, for people or as JSON (plan_json).
 *
 * Tested by: tests/loop/images.sh, tests/build/plan_json.sh.
 */
#pragma once

#include <stdbool.h>

#include "plan/plan_json.h"

/* Prints the disks and the plan to standard output. Without json, a refusal goes to standard
 * error. */
void print_plan(const struct plan_answer *answer, bool json);
