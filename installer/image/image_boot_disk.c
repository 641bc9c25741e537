/* SPDX-License-Identifier: MIT */
#include "image/image_boot_disk.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext4/ext4_files.h"
#include "verify/pygrub_disk.h"

#define BOOT_DISK 0 /* its index in the plan */

static int copy_to_boot_disk(struct ext4_files *disk, struct image_view *view,
	const char *store_file, int64_t time_s, char ret[512], struct error *err)
{
	const struct ext4_access access = { .mode = 0444, .mtime_s = time_s };
	char from[FILE_PATH_BYTES];
	int r = file_resolve(view->root, store_file, from, err);

	if (r < 0)
		return r;
	pygrub_disk_place(store_file, ret);
	return ext4_files_copy(disk, ret, from, &access, err);
}

static int fill_boot_disk(struct ext4_files *disk, struct image_view *view,
	const struct boot_files *files, int64_t time_s, struct error *err)
{
	const struct ext4_access folder = { .mode = 0755, .mtime_s = time_s };
	const struct ext4_access access = { .mode = 0644, .mtime_s = time_s };
	char kernel[512], initrd[512] = "";
	AUTO_FREE char *menu = NULL;
	int r = ext4_files_make_folder(disk, "", &folder, err);

	if (r < 0)
		return r;
	r = copy_to_boot_disk(disk, view, files->kernel, time_s, kernel, err);
	if (r < 0)
		return r;
	if (files->initrd[0])
		r = copy_to_boot_disk(disk, view, files->initrd, time_s, initrd, err);
	if (r < 0)
		return r;
	menu = pygrub_disk_menu(files, kernel, initrd);
	return ext4_files_write(disk, PYGRUB_MENU_PATH, menu, strlen(menu), &access, err);
}

int image_boot_disk_fill(const struct image_request *request, struct image_view *view,
	const struct boot_files *files, struct error *err)
{
	const struct plan *plan = request->plan;
	struct ext4_files disk;
	struct error second;
	int r = ext4_files_open(&disk, plan_open_path(plan, BOOT_DISK),
		plan->partitions[BOOT_DISK].offset_bytes, err);

	if (r < 0)
		return r;
	r = fill_boot_disk(&disk, view, files, request->time_s, err);
	if (ext4_files_close(&disk, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}
