/* SPDX-License-Identifier: MIT */
#include "verify/fstab.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEVICE_BYTES 512
#define PATH_BYTES   256
#define STORE_PARENT "/nix"

/* How fstab names a file system, and what the plan calls it. */
static const struct {
	const char *prefix;
	size_t name; /* where in struct plan_partition */
	bool any_case;
} forms[] = {
	{ "/dev/disk/by-label/", offsetof(struct plan_partition, fs_label), false },
	{ "LABEL=", offsetof(struct plan_partition, fs_label), false },
	{ "/dev/disk/by-uuid/", offsetof(struct plan_partition, fs_uuid), true },
	{ "UUID=", offsetof(struct plan_partition, fs_uuid), true },
	{ "/dev/disk/by-partuuid/", offsetof(struct plan_partition, uuid), true },
	{ "PARTUUID=", offsetof(struct plan_partition, uuid), true },
};

/* What is quoted, or has no name in the plan, may be it. */
static bool may_be(const struct plan_partition *partition, const char *device)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *name = (const char *)partition + forms[i].name;
		size_t length = strlen(forms[i].prefix);

		if (strncmp(device, forms[i].prefix, length) != 0 || !name[0] ||
			strpbrk(device, "\\\""))
			continue;
		device += length;
		return (forms[i].any_case ? strcasecmp(device, name) : strcmp(device, name)) == 0;
	}
	return true;
}

/* What is mounted over the store hides the one that was installed. */
static bool hides_store(const char *path)
{
	return strncmp(path, STORE_PARENT, strlen(STORE_PARENT)) == 0 &&
	       strchr("/", path[strlen(STORE_PARENT)]);
}

static int check_line(const char *line, const struct plan *plan, struct error *err)
{
	char device[DEVICE_BYTES], path[PATH_BYTES];

	if (sscanf(line, "%511s %255s", device, path) != 2 || device[0] == '#')
		return 0;
	if (hides_store(path))
		return error_set(err, -EBADMSG,
			"The guest mounts %s from %s, but its store is on the root file system: "
			"take this mount out of the guest.",
			path, device);
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];

		if (strcmp(p->mount_path, path) == 0 && !may_be(p, device))
			return error_set(err, -EBADMSG,
				"The guest mounts %s from %s, which is not on this disk: its file "
				"system has the label %s and the UUID %s.",
				path, device, p->fs_label, p->fs_uuid);
	}
	return 0;
}

int fstab_check(const char *text, const struct plan *plan, struct error *err)
{
	int r = 0;

	while (r == 0 && *text) {
		size_t length = strcspn(text, "\n");
		char line[DEVICE_BYTES + PATH_BYTES + 2];

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		r = check_line(line, plan, err);
		text += length + (text[length] == '\n');
	}
	return r;
}
