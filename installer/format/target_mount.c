/* SPDX-License-Identifier: MIT */
#include "format/target_mount.h"

#include <stdio.h>

#include "base/file.h"
#include "disk/mount.h"

#define OPTIONS_BYTES 256

/* noatime: reading while installing must not write. dioread_lock: or else ext4 touches each new
 * extent twice, for readers that do not exist yet. noinit_itable: the guest's first boot can clear
 * the inode tables. In an image file a partition has no node: the kernel finds it through a loop
 * device, which goes away with the mount. */
static void mount_options(
	const struct plan *plan, size_t index, bool read_only, char ret[OPTIONS_BYTES])
{
	const struct plan_partition *part = &plan->partitions[index];
	int used = snprintf(ret, OPTIONS_BYTES, "%s,noatime", read_only ? "ro" : "rw");

	if (part->fs == FS_EXT4 && !read_only)
		used += snprintf(
			ret + used, OPTIONS_BYTES - (size_t)used, ",dioread_lock,noinit_itable");
	if (part->fs == FS_VFAT)
		used += snprintf(ret + used, OPTIONS_BYTES - (size_t)used, ",umask=0077");
	if (plan->image_file)
		snprintf(ret + used, OPTIONS_BYTES - (size_t)used,
			",loop,offset=%llu,sizelimit=%llu", (unsigned long long)part->offset_bytes,
			(unsigned long long)part->size_bytes);
}

static int mount_partition(const struct plan *plan, size_t index, const char *target_path,
	bool read_only, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	char target[FILE_PATH_BYTES], node[128], options[OPTIONS_BYTES];

	file_below(target, target_path, "%s", index == plan->root ? "" : part->mount_path);
	plan_partition_node(plan, index, node);
	mount_options(plan, index, read_only, options);
	return mount_one(plan->image_file ? plan_disk_path(plan, index) : node, target,
		part->fs == FS_VFAT ? "vfat" : "ext4", options, err);
}

int mount_plan(const struct plan *plan, const char *target_path, bool read_only, struct error *err)
{
	int r = mount_partition(plan, plan->root, target_path, read_only, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < plan->partition_count; i++) {
		if (i != plan->root && plan->partitions[i].mount_path[0])
			r = mount_partition(plan, i, target_path, read_only, err);
	}
	if (r < 0) {
		struct error ignored;

		(void)!mount_detach_below(target_path, &ignored);
	}
	return r;
}
