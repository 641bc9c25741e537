/* SPDX-License-Identifier: MIT */
#include "verify/initrd_drivers.h"

#include <dirent.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verify/initrd_modules.h"

#define LIST_MAX_BYTES (16 * 1024 * 1024)

/* The folder of the only kernel in kernel-modules/lib/modules. -ENOENT if there is none. */
static int find_modules(
	const char *root, const char *system, char ret[FILE_PATH_BYTES], struct error *err)
{
	char path[FILE_PATH_BYTES], inside[FILE_PATH_BYTES];
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	int r;

	file_below(inside, system, "/kernel-modules/lib/modules");
	r = file_resolve(root, inside, path, err);
	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir)
		return error_errno(err, -errno, "open %s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			file_below(ret, path, "/%s", entry->d_name);
			return 0;
		}
	return error_set(err, -ENOENT, "%s is empty", path);
}

static int read_list(const char *folder, const char *name, char **ret, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, folder, "/%s", name);
	return file_read(path, LIST_MAX_BYTES, ret, NULL, err);
}

/* The first driver that is missing, or NULL. */
static const char *find_missing(
	const struct initrd_modules *modules, const struct disk_drivers *drivers)
{
	for (size_t i = 0; i < drivers->count; i++)
		if (!initrd_modules_have(modules, drivers->modules[i]))
			return drivers->modules[i];
	return NULL;
}

int initrd_drivers_verify(const char *root, const char *system, const char *listed,
	const struct disk_drivers *drivers, struct error *err)
{
	AUTO_FREE char *depends = NULL, *builtin = NULL;
	struct initrd_modules modules = { .listed = listed, .depends = "", .builtin = "" };
	char folder[FILE_PATH_BYTES];
	const char *missing;
	int r;

	if (!*listed || !find_missing(&modules, drivers))
		return 0;
	r = find_modules(root, system, folder, err);
	if (r == 0)
		r = read_list(folder, "modules.dep", &depends, err);
	if (r == 0)
		r = read_list(folder, "modules.builtin", &builtin, err);
	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	modules.depends = depends;
	modules.builtin = builtin;
	missing = find_missing(&modules, drivers);
	if (!missing)
		return 0;
	return error_set(err, -EBADMSG,
		"The guest's initrd has no driver %s, by which this machine reaches the disk, so the guest would not find its root: add \"%s\" to boot.initrd.availableKernelModules in the guest, or attach the disk to another controller.",
		missing, missing);
}
