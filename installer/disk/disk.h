/* SPDX-License-Identifier: MIT */
/*
 * disk — what is known of a disk, as plain data.
 *
 * Filled by devices (from /sys) and probe (libblkid and samples of the content), judged by
 * select. Nothing here touches a device.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/install_mark.h"
#include "disk/layout.h"

#define DISKS_MAX	  64
#define BOOT_SECTOR_BYTES 512 /* all that a firmware begins with */
#define DISK_LABELS_MAX	  257 /* of the disk itself, and of as many partitions as Linux knows */
#define DISK_TEXT_BYTES	  64

/* A file system's label and UUID, on the disk itself or on one of its partitions. */
struct disk_label {
	char where[DISK_TEXT_BYTES]; /* "vda1", or the disk's name */
	char label[DISK_TEXT_BYTES]; /* empty if none */
	char uuid[DISK_TEXT_BYTES];  /* empty if none */
};

struct disk {
	char name[DISK_TEXT_BYTES];   /* kernel name: "vda" */
	char path[128];		      /* node, or the image file's path: "/dev/vda" */
	char serial[DISK_TEXT_BYTES]; /* empty if none */
	uint64_t size_bytes;
	unsigned sector_bytes; /* logical sector size */
	bool image_file;       /* an image file named by the user, not a device */
	bool read_only;
	bool cdrom;
	bool medium;		       /* what we run from lies on it */
	bool key_drive;		       /* a FAT file system with keys lies on it */
	char used_by[DISK_TEXT_BYTES]; /* "mounted on /x", "held by dm-0", "in use"; empty if free
					*/

	/* What the content says. */
	char table[DISK_TEXT_BYTES];	  /* partition table as libblkid names it: "dos", "gpt" */
	char signature[DISK_TEXT_BYTES];  /* "ext4", "LVM2_member", "swap"…; empty if none */
	bool nonzero;			  /* one of the samples is not zero */
	uint64_t nonzero_offset_bytes;	  /* the first such */
	char unreadable[DISK_TEXT_BYTES]; /* reason why the content could not be read; empty if fine
					   */
	struct disk_label labels[DISK_LABELS_MAX];
	size_t label_count;
	struct install_mark marks[LAYOUT_COUNT]; /* at each layout's root offset */
};
