/* SPDX-License-Identifier: MIT */
/*
 * cloud_drive — the drives that cloud-init reads, read into memory: NoCloud's and OpenStack's.
 *
 * A file system with the label cidata or config-2, of any case, on a disk, a partition or a cdrom:
 * vfat, iso9660 or udf. Formats: cloud-init's documentation, "NoCloud" and "Config drive". What the
 * files say is decided by cloud_config, cloud_settings and cloud_network.
 *
 * Tested by: tests/qemu/sources.sh, tests/qemu/drives.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"

enum cloud_kind {
	CLOUD_NOCLOUD,
	CLOUD_CONFIG_2,
	CLOUD_KIND_COUNT,
};

/* One file, with a NUL behind its text; NULL if there is no such file. */
struct cloud_file {
	char *text;
	size_t size_bytes;
};

struct cloud_drive {
	bool found;
	bool fetched; /* not a drive: cloud_seed has fetched the files */
	enum cloud_kind kind;
	char node[128];
	struct cloud_file user_data;
	struct cloud_file meta_data; /* YAML of NoCloud, JSON of OpenStack */
	struct cloud_file network;   /* network-config, or network_data.json */
	char ignored[256];	     /* other files that cloud-init knows, joined by ", " */
};

/* The label of a kind: "cidata". */
const char *cloud_drive_label(enum cloud_kind kind);

/* Writes "user-data on the cidata drive", or "user-data of ds=nocloud". file is one of the
 * drive's. */
#define CLOUD_FILE_NAME_BYTES 80
void cloud_drive_file_name(const struct cloud_drive *drive, const struct cloud_file *file,
	char ret[CLOUD_FILE_NAME_BYTES]);

/* Looks at every disk; it is mounted on mount_path while it is looked at. disk->key_drive is set
 * for it. None is no error; two of one kind are one, with EXIT_CONFIGURATION and both names. */
int cloud_drive_read(struct disk *disks, size_t count, enum cloud_kind kind, const char *mount_path,
	struct cloud_drive *ret, struct error *err) WARN_UNUSED;

void cloud_drive_free(struct cloud_drive *drive);
