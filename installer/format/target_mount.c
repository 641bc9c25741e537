/* SPDX-License-Identifier: MIT */
#include "format/target_mount.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/loop_device.h"
#include "disk/mount.h"
#include "format/format.h"

/* noatime: reading while installing must not write. dioread_lock: without it ext4 touches each new
 * extent twice, for concurrent readers that do not exist yet. noinit_itable: the guest's first boot
 * can clear the inode tables. noload: a guest that lost its power has a journal, and replaying it
 * writes. */
static const char *mount_options(const struct plan_partition *part, bool read_only)
{
	if (part->fs == FS_VFAT)
		return read_only ? "ro,noatime,umask=0077" : "rw,noatime,umask=0077";
	return read_only ? "ro,noatime,noload" : "rw,noatime,dioread_lock,noinit_itable";
}

static int mount_node(const struct plan *plan, size_t index, const char *node,
	const char *target_path, bool read_only, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	char target[FILE_PATH_BYTES];

	file_below(target, target_path, "%s", index == plan->root ? "" : part->mount_path);
	return mount_one(node, target, part->fs == FS_VFAT ? "vfat" : "ext4",
		mount_options(part, read_only), err);
}

/* In an image file a partition has no node: the kernel finds it through a loop device, which goes
 * away with the mount. */
static int mount_image(const struct plan *plan, size_t index, const char *target_path,
	bool read_only, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	AUTO_CLOSE int fd = open(
		plan_open_path(plan, index), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	const struct loop_request request = {
		.fd = fd,
		.name = plan_disk_path(plan, index),
		.offset_bytes = part->offset_bytes,
		.size_bytes = part->size_bytes,
		.read_only = read_only,
	};
	AUTO_CLOSE int device = -1;
	char node[LOOP_NODE_BYTES];
	int r = fd < 0 ? error_errno(err, -errno, "open it") : 0;

	if (r == 0)
		r = loop_device_attach(&request, node, &device, err);
	if (r == 0)
		r = mount_node(plan, index, node, target_path, read_only, err);
	if (r < 0)
		error_wrap(err, "%s", plan_disk_path(plan, index));
	return r;
}

static int mount_partition(const struct plan *plan, size_t index, const char *target_path,
	bool read_only, struct error *err)
{
	struct place place;
	int r;

	if (plan->image_file)
		return mount_image(plan, index, target_path, read_only, err);
	r = format_find_place(plan, index, &place, err);
	if (r < 0)
		return r;
	return mount_node(plan, index, place.path, target_path, read_only, err);
}

/* Mounts what has this role, or what has another one. */
static int mount_role(const struct plan *plan, enum partition_role role, bool same,
	const char *target_path, bool read_only, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		int r;

		if (i == plan->root || !plan->partitions[i].mount_path[0] ||
			(plan->partitions[i].role == role) != same)
			continue;
		r = mount_partition(plan, i, target_path, read_only, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* /boot comes before the EFI system partition, which may be mounted below it. */
int target_mount_plan(
	const struct plan *plan, const char *target_path, bool read_only, struct error *err)
{
	int r = mount_partition(plan, plan->root, target_path, read_only, err);

	if (r < 0)
		return r;
	r = mount_role(plan, ROLE_BOOT, true, target_path, read_only, err);
	if (r == 0)
		r = mount_role(plan, ROLE_BOOT, false, target_path, read_only, err);
	if (r < 0) {
		struct error ignored;

		(void)!mount_detach_below(target_path, &ignored);
	}
	return r;
}
