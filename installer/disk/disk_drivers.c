/* SPDX-License-Identifier: MIT */
#include "disk/disk_drivers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

static bool is_known_driver(const struct disk_drivers *drivers, const char *name)
{
	for (size_t i = 0; i < drivers->count; i++)
		if (strcmp(drivers->modules[i], name) == 0)
			return true;
	return false;
}

static void add_driver(const char *device, struct disk_drivers *ret)
{
	char link[FILE_PATH_BYTES];
	AUTO_FREE char *module = NULL;
	const char *name;

	file_below(link, device, "/driver/module");
	module = realpath(link, NULL);
	if (!module)
		return;
	name = file_base_name(module);
	if (ret->count < DISK_DRIVERS_MAX && !is_known_driver(ret, name) &&
		text_copy(ret->modules[ret->count], DRIVER_NAME_BYTES, name) == 0)
		ret->count++;
}

void disk_drivers_find(const char *sysfs_path, struct disk_drivers *ret)
{
	AUTO_FREE char *device = text_duplicate(sysfs_path);
	char *end;

	ret->count = 0;
	while ((end = strrchr(device, '/')) && end != device) {
		add_driver(device, ret);
		*end = '\0';
	}
}
