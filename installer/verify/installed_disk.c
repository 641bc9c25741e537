/* SPDX-License-Identifier: MIT */
#include "verify/installed_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/image_container.h"
#include "disk/mount.h"
#include "disk/probe.h"
#include "format/target_mount.h"
#include "guest/boot_files.h"
#include "verify/fstab.h"
#include "verify/grub_disk.h"

#define PROFILE	       "/nix/var/nix/profiles/system"
#define TEXT_MAX_BYTES (4 * 1024 * 1024)

static int refuse_disk(const char *path, const char *reason, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"%s holds no guest in a layout that guest-installer makes: %s.", path, reason);
}

/* -------------------------------------------------------- what the disk is */

static int read_disk_size(const char *path, int fd, uint64_t *ret, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "look at %s", path);
	if (S_ISREG(st.st_mode))
		*ret = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		return refuse_disk(path, "it is neither a disk nor an image file", err);
	else if (ioctl(fd, BLKGETSIZE64, ret) < 0)
		return error_errno(err, -errno, "get the size of %s", path);
	return 0;
}

/* Adds a partition, if a file system of this type begins there. */
static int add_partition(struct plan *plan, const char *path, enum partition_role role,
	uint64_t offset_bytes, uint64_t end_bytes, struct error *err)
{
	struct plan_partition *p = &plan->partitions[plan->partition_count];
	struct probe_partition table;
	struct probe_result found;
	bool ext4, fat;
	int r;

	if (offset_bytes >= end_bytes)
		return -ENOENT;
	r = probe_file_system(path, offset_bytes, end_bytes - offset_bytes, &found, err);
	if (r < 0)
		return r;
	r = probe_partition(path, offset_bytes, &table, err);
	if (r < 0)
		return r;
	ext4 = strcmp(found.type, "ext4") == 0 && role != ROLE_ESP;
	fat = strcmp(found.type, "vfat") == 0 && role != ROLE_ROOT;
	if (!ext4 && !fat)
		return -ENOENT;
	*p = (struct plan_partition){
		.role = role,
		.offset_bytes = offset_bytes,
		.size_bytes = end_bytes - offset_bytes,
		.fs = fat ? FS_VFAT : FS_EXT4,
	};
	snprintf(p->fs_label, sizeof(p->fs_label), "%.16s", found.label);
	snprintf(p->fs_uuid, sizeof(p->fs_uuid), "%.36s", found.uuid);
	memcpy(p->name, table.name, sizeof(p->name));
	memcpy(p->uuid, table.uuid, sizeof(p->uuid));
	if (role != ROLE_ESP)
		snprintf(p->mount_path, sizeof(p->mount_path), "%s",
			role == ROLE_BOOT ? "/boot" : "/");
	if (role == ROLE_ROOT)
		plan->root = plan->partition_count;
	plan->partition_count++;
	return 0;
}

static int add_root(struct plan *plan, const char *path, struct error *err)
{
	return add_partition(plan, path, ROLE_ROOT, layout_root_offset_bytes(plan->layout),
		plan->disk_bytes, err);
}

/* The root in a table, and the partition right behind it if it is a /boot: a file system, no
 * swap. */
static int add_root_and_boot(struct plan *plan, const char *path, struct error *err)
{
	uint64_t root_bytes = layout_root_offset_bytes(plan->layout), boot_bytes;
	struct probe_partition table;
	int r = add_root(plan, path, err);

	if (r < 0)
		return r;
	r = probe_partition(path, root_bytes, &table, err);
	if (r < 0)
		return r;
	boot_bytes = root_bytes + table.size_bytes;
	r = probe_partition(path, boot_bytes, &table, err);
	if (r < 0 || !table.size_bytes)
		return r;
	r = add_partition(plan, path, ROLE_BOOT, boot_bytes, boot_bytes + table.size_bytes, err);
	return r == -ENOENT ? 0 : r;
}

/* GPT with an ESP before the root; MBR with or without boot code; or no table at all. */
static int add_partitions(struct plan *plan, const char *path, const char *boot_path,
	const uint8_t *first_sector, struct error *err)
{
	bool table = first_sector[510] == 0x55 && first_sector[511] == 0xaa;
	int r;

	plan->layout = boot_path || !table ? LAYOUT_PYGRUB : LAYOUT_GPT;
	if (plan->layout == LAYOUT_PYGRUB) {
		r = boot_path ? add_partition(
					plan, boot_path, ROLE_BOOT, 0, plan->boot_disk_bytes, err)
			      : 0;
		if (r < 0)
			return r;
		return add_root(plan, path, err);
	}
	r = add_partition(plan, path, ROLE_ESP, GPT_ESP_OFFSET_BYTES, GPT_ROOT_OFFSET_BYTES, err);
	if (r == 0)
		return add_root_and_boot(plan, path, err);
	plan->layout = grub_disk_has_boot_code(first_sector) ? LAYOUT_BIOS : LAYOUT_DIRECT;
	return r == -ENOENT ? add_root_and_boot(plan, path, err) : r;
}

int installed_disk_read(const char *path, const char *boot_path, struct plan *ret,
	uint8_t ret_first_sector[BOOT_SECTOR_BYTES], struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int boot_fd = boot_path ? open(boot_path, O_RDONLY | O_CLOEXEC) : -1;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	if (boot_path && boot_fd < 0)
		return error_errno(err, -errno, "open %s", boot_path);
	/* The loop device makes every partition reachable by its offset, on disks as in files. */
	ret->image_file = true;
	snprintf(ret->disk_path, sizeof(ret->disk_path), "%s", path);
	snprintf(
		ret->boot_disk_path, sizeof(ret->boot_disk_path), "%s", boot_path ? boot_path : "");
	r = read_disk_size(path, fd, &ret->disk_bytes, err);
	if (r < 0)
		return r;
	if (boot_path)
		r = read_disk_size(boot_path, boot_fd, &ret->boot_disk_bytes, err);
	if (r < 0)
		return r;
	if (file_read_at(fd, ret_first_sector, BOOT_SECTOR_BYTES, 0) != BOOT_SECTOR_BYTES)
		return refuse_disk(path, "it is shorter than a sector", err);
	if (image_container_name(ret_first_sector, BOOT_SECTOR_BYTES))
		return refuse_disk(
			path, "it is no raw image: convert it with qemu-img convert -O raw", err);
	r = add_partitions(ret, path, boot_path, ret_first_sector, err);
	return r == -ENOENT
		       ? refuse_disk(path,
				 "no ext4 file system begins where a root file system would", err)
		       : r;
}

/* -------------------------------------------------------- what the guest says */

/* A label or a UUID, in either form. */
static bool is_tag(const char *device)
{
	return strchr(device, '=') || text_starts_with(device, "/dev/disk/by-");
}

/* The partition without a mount path whose device a line of fstab names. */
static int take_esp_path(const char *device, const char *path, const char *options, void *userdata,
	struct error *err)
{
	struct plan *plan = userdata;

	(void)options;
	(void)err;
	for (size_t i = 0; i < plan->partition_count; i++) {
		struct plan_partition *p = &plan->partitions[i];

		if (p->role == ROLE_ESP && path[0] == '/' && strcmp(path, "/") != 0 &&
			is_tag(device) && fstab_device_may_be(p, device))
			snprintf(p->mount_path, sizeof(p->mount_path), "%s", path);
	}
	return 0;
}

int installed_disk_find_esp_path(struct plan *plan, const char *root, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	int r = boot_files_find(root, plan->system, "etc/fstab", path, err);

	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	r = mount_read_fstab(text, take_esp_path, plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP && !plan->partitions[i].mount_path[0])
			snprintf(plan->partitions[i].mount_path,
				sizeof(plan->partitions[i].mount_path), "/boot");
	return 0;
}

int installed_disk_find_system(struct plan *plan, const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r = file_resolve(root, PROFILE, path, err);

	if (r < 0)
		return r;
	return text_copy(plan->system, sizeof(plan->system), path + strlen(root)) < 0
		       ? error_set(err, -EBADMSG, "The system profile leads to %s.", path)
		       : 0;
}

int installed_disk_mount(struct plan *plan, const char *root, struct error *err)
{
	int r = target_mount_plan(plan, root, true, err);

	if (r < 0)
		return r;
	r = installed_disk_find_system(plan, root, err);
	if (r < 0)
		return r;
	r = boot_files_architecture(root, plan->system, &plan->architecture, err);
	if (r < 0 || plan->layout != LAYOUT_GPT)
		return r;
	r = installed_disk_find_esp_path(plan, root, err);
	if (r < 0)
		return r;
	r = mount_detach_below(root, err);
	if (r < 0)
		return r;
	return target_mount_plan(plan, root, true, err);
}
