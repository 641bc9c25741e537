/* SPDX-License-Identifier: MIT */
#include "format/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/install_mark.h"
#include "ext4/mkfs.h"
#include "format/fat.h"
#include "format/swap.h"

/* A node can have come to mean another disk's partition only if the disk was pulled out meanwhile.
 * /sys/dev/block/MAJOR:MINOR of a partition lies in the folder of its disk. */
static int check_node(const char *node, const struct stat *disk, struct error *err)
{
	char path[64], number[32], expected[32];
	struct stat st;

	if (stat(node, &st) < 0)
		return error_errno(err, -errno, "look at %s", node);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(st.st_rdev),
		minor(st.st_rdev));
	snprintf(expected, sizeof(expected), "%u:%u", major(disk->st_rdev), minor(disk->st_rdev));
	file_read_line(path, number, sizeof(number));
	if (!S_ISBLK(st.st_mode) || strcmp(number, expected) != 0)
		return error_set(err, -ESTALE,
			"%s is no partition of the disk that was chosen (%s is %s): see that no disk is attached or detached during the install, and start again.",
			node, expected, number[0] ? number : "missing");
	return 0;
}

int format_find_place(const struct plan *plan, size_t index, struct place *ret, struct error *err)
{
	struct stat st;

	ret->path = plan_open_path(plan, index);
	if (stat(ret->path, &st) < 0)
		return error_errno(err, -errno, "look at %s", plan_disk_path(plan, index));
	ret->offset_bytes = plan->partitions[index].offset_bytes;
	if (!S_ISBLK(st.st_mode) || !layout_has_table(plan->layout))
		return 0;
	plan_partition_node(plan, index, ret->node);
	ret->path = ret->node;
	ret->offset_bytes = 0;
	return check_node(ret->node, &st, err);
}

static int read_boot_block(const struct place *place, uint8_t ret[MARK_BYTES], struct error *err)
{
	AUTO_CLOSE int fd = open(place->path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", place->path);
	n = file_read_at(fd, ret, MARK_BYTES, place->offset_bytes);
	if (n != MARK_BYTES)
		return error_errno(
			err, n < 0 ? (int)n : -EIO, "read the boot block of %s", place->path);
	return 0;
}

static int sync_path(const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for %s to be written", path);
	return 0;
}

/* The boot block is no part of an ext4; should that ever change, the disk must not be left without
 * the mark that says whose it is. */
static int make_ext4(
	const struct plan *plan, size_t index, const struct place *place, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	const struct mkfs_request request = {
		.path = place->path,
		.offset_bytes = place->offset_bytes,
		.size_bytes = part->size_bytes,
		.label = part->fs_label,
		.uuid = part->fs_uuid,
		.hash_seed = plan->hash_seed,
		.no_64bit = !layout_has_table(plan->layout) && part->role == ROLE_BOOT,
	};
	uint8_t before[MARK_BYTES], after[MARK_BYTES];
	int r = read_boot_block(place, before, err);

	if (r < 0)
		return r;
	r = mkfs_ext4(&request, err);
	if (r < 0)
		return r;
	r = sync_path(place->path, err);
	if (r < 0)
		return r;
	r = read_boot_block(place, after, err);
	if (r < 0)
		return r;
	if (memcmp(before, after, MARK_BYTES) != 0)
		return error_set(err, -EIO,
			"the boot block of %s was changed while it was formatted", place->path);
	return 0;
}

static int make_fat(
	const struct plan *plan, size_t index, const struct place *place, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	const struct fat_request request = {
		.path = place->path,
		.offset_bytes = place->offset_bytes,
		.size_bytes = part->size_bytes,
		.sector_bytes = plan->sector_bytes,
		.label = part->fs_label,
		.serial = part->fs_uuid,
	};
	int r = fat_make(&request, err);

	if (r < 0)
		return r;
	return sync_path(place->path, err);
}

static int make_swap(
	const struct plan *plan, size_t index, const struct place *place, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	const struct swap_request request = {
		.path = place->path,
		.offset_bytes = place->offset_bytes,
		.size_bytes = part->size_bytes,
		.label = part->fs_label,
		.uuid = part->fs_uuid,
	};

	return swap_make(&request, err);
}

static int format_partition(const struct plan *plan, size_t index, struct error *err)
{
	enum file_system fs = plan->partitions[index].fs;
	struct place place;
	int r;

	if (fs == FS_NONE)
		return 0;
	r = format_find_place(plan, index, &place, err);
	if (r < 0)
		return r;
	return (fs == FS_EXT4	? make_ext4
		: fs == FS_VFAT ? make_fat
				: make_swap)(plan, index, &place, err);
}

int format_check(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].fs == FS_VFAT)
			return fat_check(err);
	return 0;
}

int format_all(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		int r = format_partition(plan, i, err);

		if (r < 0) {
			if (layout_has_table(plan->layout))
				error_wrap(err, "partition %zu of %s", i + 1, plan->disk_path);
			else
				error_wrap(err, "%s", plan_disk_path(plan, i));
			return r;
		}
	}
	return 0;
}
