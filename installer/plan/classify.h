/* SPDX-License-Identifier: MIT */
/*
 * classify — puts one disk into a class: excluded, blank, or with content.
 *
 * Pure. select decides which of several disks is taken.
 *
 * Tested by: tests/unit/test_select.c.
 */
#pragma once

#include "plan/choice.h"

/* Whether the configuration's disk key (not "auto") means this disk: by path, or by serial. */
bool classify_is_named(const char *disk_key, const struct disk *disk);

/* Whether the configuration allows to overwrite the content of the disk: by force, or by its
 * token. */
bool classify_may_overwrite(const struct select_request *request, const struct disk *disk);

/* Whether the kernel gives this name to disks of a kind to install on: vda, xvdb, sda, nvme0n1. */
bool classify_is_disk_name(const char *name);

/* Judges a disk; named says that the user named this very disk. Returns DISK_OUT, DISK_INSTALLED,
 * DISK_SMALL, DISK_CONTENT or DISK_SUITABLE (blank, or our own unfinished install in the planned
 * layout). The reason completes a sentence that begins with the disk: "is read-only". */
enum disk_class classify_disk(const struct select_request *request, const struct disk *disk,
	bool named, char ret_reason[CLASSIFY_REASON_BYTES]);

/* The setting that would take the disk: "disk=/dev/sda", "disk=serial:S wipe=TOKEN" if content is
 * in the way; empty if none would. unique_serial: no other disk has its serial number. */
void classify_setting(const struct select_request *request, const struct disk *disk,
	bool unique_serial, char ret[CLASSIFY_SETTING_BYTES]);

/* Whether the disk carries a label or UUID of the plan; the reason then says which and where:
 * "carries the planned label nixos (vda1)". */
bool classify_conflicts(const struct select_request *request, const struct disk *disk,
	char ret_reason[CLASSIFY_REASON_BYTES]);
