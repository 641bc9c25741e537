/* SPDX-License-Identifier: MIT */
/*
 * plan_json — what would be done, or why nothing would be, as data for other programs.
 *
 * Pure: the decision goes in, a JSON text comes out. Members are never left out: what there is none
 * of is null. Sizes and offsets are in bytes.
 *
 *	version    1
 *	disks      every disk: name, path, size_bytes, sector_bytes, serial, table, signature,
 *labels (where, label, uuid), disk_class (a word of enum disk_class) and its reason target path
 *of the disk that is taken plan       layout, disk, table_id, partitions, mounts (parents first),
 *system, … refusal    code (the exit status), stage and sentence
 *
 * Of plan and refusal one is null.
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
