/* SPDX-License-Identifier: MIT */
/*
 * choice — the types in which disks are judged and one of them is chosen.
 *
 * Data only: classify fills in the class of one disk, select chooses among all of them.
 *
 * Tested by: tests/unit/test_select.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/disk.h"
#include "disk/layout.h"

#define CLASSIFY_REASON_BYTES  160
#define CLASSIFY_SETTING_BYTES 128

enum disk_class {
	DISK_TAKEN,
	DISK_OUT,	/* never a target: cdrom, medium, key drive, read-only, in use, not named */
	DISK_CONTENT,	/* not blank */
	DISK_INSTALLED, /* carries our installed mark */
	DISK_SMALL,
	DISK_CONFLICT, /* carries a planned label or UUID */
	DISK_SUITABLE, /* blank, but not the only one, or not the named one */
};

/* The part of the plan that the choice of a disk depends on. */
struct select_request {
	const char *disk;      /* configuration's disk key */
	const char *boot_disk; /* configuration's boot-disk key; read for the layout pygrub only */
	bool wipe_force;
	const char *wipe_tokens; /* tokens of disks whose content may be overwritten; may be NULL */
	bool virtual_machine;	 /* the installer runs in one */
	enum layout layout;	 /* never LAYOUT_AUTO */
	uint64_t min_bytes;
	const char *labels[5]; /* planned labels, NULL-terminated */
	const char *uuids[5];  /* planned UUIDs that are fixed by configuration or manifest */
};

struct selection {
	size_t target; /* index into disks */
	size_t boot;   /* of the boot disk; SIZE_MAX where the layout has none */
	struct {
		enum disk_class disk_class;
		char reason
			[CLASSIFY_REASON_BYTES]; /* "is read-only", "holds an ext4 file system", … */
		char setting[CLASSIFY_SETTING_BYTES]; /* what would take it: "disk=/dev/sda"; empty
						       * if nothing would */
	} disks[DISKS_MAX];
};
