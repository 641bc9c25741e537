/* SPDX-License-Identifier: MIT */
/*
 * classify — what one disk is, seen alone: out of the question, blank, or holding something.
 *
 * Pure. Which of several disks is taken is decided by select.
 */
#pragma once

#include "plan/choice.h"

/* Whether the configuration's disk key (not "auto") means this disk: by path, or by serial. */
bool classify_is_named(const char *disk_key, const struct disk *disk);

/* Judges a disk. named: the user named this very one. Gives DISK_OUT, DISK_INSTALLED, DISK_SMALL,
 * DISK_CONTENT or DISK_SUITABLE (blank, or our own unfinished install in the planned layout), and
 * the reason as the rest of a sentence that begins with the disk: "is read-only". */
enum disk_class classify_disk(const struct select_request *request, const struct disk *disk,
	bool named, char ret_reason[CLASSIFY_REASON_BYTES]);

/* The label or UUID of the plan that this disk carries already: "carries the label nixos (vda1)".
 * false if it carries none. */
bool classify_conflicts(const struct select_request *request, const struct disk *disk,
	char ret_reason[CLASSIFY_REASON_BYTES]);
