/* SPDX-License-Identifier: MIT */
/*
 * plan_json — prints the decision, which is a plan or a refusal, as JSON for other programs.
 *
 * Pure: it returns the text. Every member is always there, and null stands for none. Sizes and
 * offsets are in bytes.
 *
 *	version    1
 *	disks      every disk: name, path, size_bytes, sector_bytes, serial, table, signature,
 *	           labels (where, label, uuid), judgement (a name of enum disk_class) and reason
 *	target     path of the disk that is taken
 *	plan       layout, disk, table_id, partitions, mounts (parents first), system, ...
 *	refusal    code (the exit status), stage and sentence
 *
 * One of plan and refusal is null.
 *
 * Tested by: tests/unit/test_plan_json.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"
#include "plan/choice.h"
#include "plan/plan.h"
#include "verdict/protocol.h"

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
