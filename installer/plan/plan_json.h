/* SPDX-License-Identifier: MIT */
/*
 * plan_json — prints what an install would write, or why it would write nothing, as JSON.
 *
 * Pure: the decision goes in, a JSON text comes out. The manual page guest-installer-plan(5)
 * describes the members. plan_command writes the text for people.
 *
 * Tested by: tests/unit/test_plan_json.c, tests/build/plan_json.sh.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"
#include "plan/choice.h"
#include "plan/plan.h"
#include "verdict/protocol.h"

#define PLAN_JSON_VERSION 1

struct plan_answer {
	const struct disk *disks;
	size_t disk_count;
	const struct selection *selection; /* without reasons as long as nothing was judged */
	const struct plan *plan;	   /* NULL for a refusal */
	const struct error *refusal;	   /* NULL for a plan */
	enum stage stage;		   /* of the refusal */
};

/* From malloc, with a newline at its end; the same bytes for the same answer. */
char *plan_json(const struct plan_answer *answer);
