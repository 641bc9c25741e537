/* SPDX-License-Identifier: MIT */
/*
 * print_plan — the answer of `guest-installer plan`, for people or as JSON.
 */
#pragma once

#include <stdbool.h>

#include "plan/plan_json.h"

/* Prints the disks and the plan to standard output; for people, a refusal to standard error. */
void print_plan(const struct plan_answer *answer, bool json);
