/* SPDX-License-Identifier: MIT */
/*
 * cidata — the drive of cloud-init's NoCloud data source, read into memory.
 *
 * A vfat or iso9660 file system with the label cidata, of any case, on a disk, its first partition
 * or a cdrom. What the files say is decided by cloudconfig.
 *
 * Tested by: tests/qemu/sources.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"

struct cidata {
	bool found;
	char node[128];
	char *user_data, *meta_data; /* with a NUL behind each; NULL if there is no such file */
	size_t user_data_bytes, meta_data_bytes;
	char ignored[256]; /* other files that NoCloud knows, joined by ", " */
};

/* Looks at every disk; it is mounted on mount_path while it is looked at. disk->key_drive is set
 * for it. None is no error; two are one, with EXIT_CONFIGURATION and both names. */
int cidata_read(struct disk *disks, size_t count, const char *mount_path, struct cidata *ret,
	struct error *err) WARN_UNUSED;

void cidata_free(struct cidata *cidata);
