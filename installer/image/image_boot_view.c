/* SPDX-License-Identifier: MIT */
#include "image/image_boot_view.h"

#include <stdio.h>

#include "base/file.h"

#define SPEC_MAX_BYTES ((size_t)4 * 1024 * 1024)

static int show_of_system(
	struct image_view *view, const char *system, const char *name, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, system, "/%s", name);
	return image_view_show_optional(view, path, err);
}

int image_boot_view_show(
	struct image_view *view, const char *system, struct boot_files *ret, struct error *err)
{
	static const char *const names[] = { "boot.json", "init", "kernel", "initrd",
		"kernel-params", "etc/fstab", "system" };
	int r;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		r = show_of_system(view, system, names[i], err);
		if (r < 0)
			return r;
	}
	r = boot_files_read(view->root, system, ret, err);
	if (r < 0)
		return r;
	r = image_view_show(view, ret->kernel, err);
	if (r < 0 || !ret->initrd[0])
		return r;
	return image_view_show(view, ret->initrd, err);
}

int image_boot_view_read_spec(struct image_view *view, const char *system, char **ret,
	size_t *ret_bytes, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, system, "/boot.json");
	return file_read_inside(view->root, path, SPEC_MAX_BYTES, ret, ret_bytes, err);
}
