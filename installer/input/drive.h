/* SPDX-License-Identifier: MIT */
/*
 * drive — finds the small drives that a host attaches by their file system, and mounts them
 * read-only while the caller reads them.
 *
 * key_drive and cloud_drive decide which of their files count.
 *
 * Tested by: tests/loop/keydrive.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"
#include "disk/probe.h"

/* Of these partitions each may have such a file system: Windows puts a reserved one before the
 * first. */
#define DRIVE_PARTITIONS_MAX 16

/* The next node with a FAT, ISO 9660 or UDF file system of this label (its case does not count;
 * NULL for any): the whole disk, else its partitions, with what is there. place is 0 for the first
 * call, and is advanced. False at the end, and for disks that are the medium, in use or
 * unreadable. */
bool drive_find(const struct disk *disk, const char *label, unsigned *place, char *ret_node,
	size_t ret_bytes, struct probe_result *ret_found);

/* The first node whose file system is of another type, and was meant to be read: it has the label
 * cidata, config-2 or keys, or is exFAT, NTFS or HFS+, as other systems format sticks. */
bool drive_find_unread(
	const struct disk *disk, char *ret_node, size_t ret_bytes, struct probe_result *ret_found);

/* Mounts the node, calls look with the path, and detaches it again. 1 if that was looked at; 0 if
 * it cannot be mounted though it looks so (it may be in use, or damaged), which is logged; or the
 * error of look. */
int drive_visit(const char *node, const char *fstype, const char *mount_path,
	int (*look)(const char *path, void *userdata, struct error *err), void *userdata,
	struct error *err) WARN_UNUSED;

/* Reads a file of an open folder, or of one below it ("openstack/latest/user_data"). 1 if it was
 * read, with its text (from malloc, a NUL behind it); 0 if there is none or it is no regular file.
 * -EFBIG with the code if it is too large. */
int drive_read_file(int folder, const char *name, size_t max_bytes, enum exit_code code,
	char **ret_text, size_t *ret_bytes, struct error *err) WARN_UNUSED;
