/* SPDX-License-Identifier: MIT */
#include "init/iso_medium.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "disk/mount.h"
#include "disk/probe.h"

#define DEADLINE_S 30
#define NAP_MS	   100

static bool is_iso_medium(const char *path)
{
	struct probe_result found;
	struct error ignored;

	return probe_file_system(path, 0, 0, &found, &ignored) == 0 &&
	       strcmp(found.type, "iso9660") == 0 && strcmp(found.label, MEDIUM_LABEL) == 0;
}

/* Looks through /sys/class/block, which lists disks and partitions alike. */
static bool find(char *ret_path, size_t ret_bytes)
{
	AUTO_CLOSEDIR DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || text_starts_with(entry->d_name, "loop"))
			continue;
		snprintf(ret_path, ret_bytes, "/dev/%s", entry->d_name);
		if (is_iso_medium(ret_path))
			return true;
	}
	return false;
}

int iso_medium_mount(struct error *err)
{
	int64_t start = clock_now_ms();
	char path[300];

	while (!find(path, sizeof(path))) {
		if (clock_now_ms() - start >= DEADLINE_S * 1000)
			return error_set(err, -ENOENT,
				"No medium with the label " MEDIUM_LABEL
				" appeared within %d seconds.",
				DEADLINE_S);
		poll(NULL, 0, NAP_MS);
	}
	log_line("medium: %s", path);
	return mount_one(path, MEDIUM_PATH, "iso9660", "ro,nosuid,nodev", err);
}
