/* SPDX-License-Identifier: MIT */
/*
 * disk — everything that is known about a disk, as plain data.
 *
 * devices fills in what /sys says, and probe what the content says. classify decides its class.
 * Nothing here touches a device.
 *
 * Tested by: tests/loop/scan.sh, tests/loop/probe.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/install_mark.h"
#include "disk/layout.h"

#define DISKS_MAX	 64
#define DISK_LABELS_MAX	 257 /* of the disk itself, and of as many partitions as Linux knows */
#define DISK_STARTS_MAX	 8
#define DISK_TEXT_BYTES	 64
#define WIPE_TOKEN_BYTES 17 /* 16 hexadecimal digits */

/* A file system's label and UUID, on the disk itself or on one of its partitions. */
struct disk_label {
	char where[DISK_TEXT_BYTES]; /* "vda1", or the disk's name */
	char label[DISK_TEXT_BYTES]; /* empty if none */
	char uuid[DISK_TEXT_BYTES];  /* empty if none */
	uint64_t offset_bytes;	     /* where it begins on the disk */
};

/* A file system where a partition usually begins, although no table names that place. */
struct disk_start {
	char type[DISK_TEXT_BYTES];
	char label[DISK_TEXT_BYTES]; /* empty if none */
	char uuid[DISK_TEXT_BYTES];  /* empty if none */
	uint64_t offset_bytes;
};

struct disk {
	char name[DISK_TEXT_BYTES];	   /* kernel name: "vda" */
	char path[128];			   /* node, or the image file's path: "/dev/vda" */
	char serial[DISK_TEXT_BYTES];	   /* empty if none */
	char vendor[DISK_TEXT_BYTES];	   /* of SCSI and ATA disks; empty for others */
	char model[DISK_TEXT_BYTES];	   /* of SCSI, ATA and NVMe disks; empty for others */
	char scsi_serial[DISK_TEXT_BYTES]; /* udev_link_scsi_serial; empty if none */
	char sysfs_path[512];		   /* with the links resolved; empty for image files */
	unsigned scsi_host_index;	   /* of the SCSI host among those of its controller */
	unsigned nvme_namespace;	   /* its identifier */
	uint64_t size_bytes;
	unsigned sector_bytes; /* logical sector size */
	bool image_file;       /* an image file named by the user, not a device */
	bool read_only;
	bool removable;
	bool usb;
	bool cdrom;
	bool medium;		       /* the installer runs from it */
	bool key_drive;		       /* it gives keys or settings */
	char used_by[DISK_TEXT_BYTES]; /* "mounted on /x", "held by dm-0", "in use"; empty if free
					*/

	/* What the content says. */
	char table[DISK_TEXT_BYTES];	  /* partition table as libblkid names it: "dos", "gpt" */
	char table_id[DISK_TEXT_BYTES];	  /* as libblkid prints it: a GUID, or 8 hex digits */
	char signature[DISK_TEXT_BYTES];  /* "ext4", "LVM2_member", "swap"…; empty if none */
	bool nonzero;			  /* blank_find_data found a byte */
	uint64_t nonzero_offset_bytes;	  /* the first one found */
	char unreadable[DISK_TEXT_BYTES]; /* reason why the content could not be read; empty if fine
					   */
	struct disk_label labels[DISK_LABELS_MAX];
	size_t label_count;
	struct disk_start starts[DISK_STARTS_MAX]; /* only if there is no table and no signature */
	size_t start_count;
	struct install_mark marks[LAYOUT_COUNT]; /* at each layout's root offset */
	char wipe_token
		[WIPE_TOKEN_BYTES]; /* names this disk and its content (wipe_token); empty if blank */
};
