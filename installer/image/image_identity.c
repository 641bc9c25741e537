/* SPDX-License-Identifier: MIT */
#include "image/image_identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "disk/probe.h"
#include "ext4/ext4_identity.h"
#include "format/fat.h"
#include "format/partition_table.h"
#include "format/swap.h"
#include "plan/planner.h"

#define PURPOSE_BYTES 40

int image_identity_check(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *part = &plan->partitions[i];
		struct error why;

		if (part->fs == FS_EXT4 &&
			ext4_identity_check(plan_open_path(plan, i), part->offset_bytes, &why) < 0)
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"%s was not shut down cleanly, or is damaged: start its guest and shut it down, and copy it then (%s).",
				plan_disk_path(plan, i), why.text);
	}
	return 0;
}

/* -------------------------------------------------------- file systems */

static int renew_file_system(
	struct plan *plan, size_t index, int fd, const char *seed, struct error *err)
{
	struct plan_partition *part = &plan->partitions[index];
	char purpose[PURPOSE_BYTES];

	snprintf(purpose, sizeof(purpose), "file system %s", plan_role_name(part->role));
	if (part->fs == FS_VFAT) {
		uuid_derive_fat_serial(seed, purpose, part->fs_uuid);
		return fat_set_serial(fd, part->offset_bytes, part->fs_uuid, err);
	}
	uuid_derive(seed, purpose, part->fs_uuid);
	return ext4_identity_set(
		plan_open_path(plan, index), part->offset_bytes, part->fs_uuid, err);
}

/* The swap area lies behind the last file system, and the plan of an installed disk does not have
 * it. */
static int renew_swap(const struct plan *plan, int fd, const char *seed, struct error *err)
{
	const struct plan_partition *last = &plan->partitions[plan->partition_count - 1];
	char uuid[UUID_TEXT_BYTES];
	struct probe_partition table;
	struct probe_result found;
	uint64_t offset_bytes;
	int r = probe_partition(plan->open_path, last->offset_bytes, &table, err);

	if (r < 0)
		return r;
	offset_bytes = last->offset_bytes + table.size_bytes;
	r = probe_partition(plan->open_path, offset_bytes, &table, err);
	if (r < 0 || table.size_bytes == 0)
		return r;
	r = probe_file_system(plan->open_path, offset_bytes, table.size_bytes, &found, err);
	if (r < 0 || strcmp(found.type, "swap") != 0)
		return r;
	uuid_derive(seed, "file system swap", uuid);
	return swap_set_uuid(fd, offset_bytes, uuid, err);
}

/* -------------------------------------------------------- the disk */

static int renew_table(struct plan *plan, int fd, const char *seed, struct error *err)
{
	if (!layout_has_table(plan->layout))
		return 0;
	planner_set_table_id(plan, seed);
	return partition_table_renew(plan, fd, seed, err);
}

int image_identity_renew(
	struct plan *plan, int fd, int boot_fd, const char *seed, struct error *err)
{
	int r = renew_table(plan, fd, seed, err);

	for (size_t i = 0; r == 0 && i < plan->partition_count; i++) {
		bool on_boot_disk = boot_fd >= 0 && plan->partitions[i].role == ROLE_BOOT;

		r = renew_file_system(plan, i, on_boot_disk ? boot_fd : fd, seed, err);
	}
	if (r < 0 || !layout_has_table(plan->layout))
		return r;
	return renew_swap(plan, fd, seed, err);
}
