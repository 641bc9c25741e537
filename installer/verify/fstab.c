/* SPDX-License-Identifier: MIT */
#include "verify/fstab.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define NAME_BYTES 512

/* How fstab names a file system, and where the plan has that name. */
static const struct {
	const char *prefix;
	size_t name; /* offset in struct plan_partition */
	bool lower;  /* udev writes it in lower case */
} forms[] = {
	{ "/dev/disk/by-label/", offsetof(struct plan_partition, fs_label), false },
	{ "LABEL=", offsetof(struct plan_partition, fs_label), false },
	{ "/dev/disk/by-uuid/", offsetof(struct plan_partition, fs_uuid), false },
	{ "UUID=", offsetof(struct plan_partition, fs_uuid), false },
	{ "/dev/disk/by-partlabel/", offsetof(struct plan_partition, name), false },
	{ "PARTLABEL=", offsetof(struct plan_partition, name), false },
	{ "/dev/disk/by-partuuid/", offsetof(struct plan_partition, uuid), true },
	{ "PARTUUID=", offsetof(struct plan_partition, uuid), true },
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

/* The form that a device has; FORM_COUNT for a name such as /dev/vda1. */
static size_t find_form(const char *device)
{
	size_t i = 0;

	while (i < FORM_COUNT && !text_starts_with(device, forms[i].prefix))
		i++;
	return i;
}

/* The name behind the form's prefix as it is on the disk: udev escapes characters of a link as
 * \\xNN, and a tag may be in quotes. */
static void decode_name(const char *text, char *ret, size_t ret_bytes)
{
	size_t length = strlen(text), used = 0;
	bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';

	text += quoted;
	length -= quoted ? 2 : 0;
	for (size_t i = 0; i < length && used + 1 < ret_bytes; i++) {
		if (i + 4 <= length && text_starts_with(text + i, "\\x") &&
			isxdigit((unsigned char)text[i + 2]) &&
			isxdigit((unsigned char)text[i + 3])) {
			const char digits[] = { text[i + 2], text[i + 3], '\0' };

			ret[used++] = (char)strtoul(digits, NULL, 16);
			i += 3;
		} else {
			ret[used++] = text[i];
		}
	}
	ret[used] = '\0';
}

bool fstab_device_may_be(const struct plan_partition *partition, const char *device)
{
	size_t form = find_form(device);
	char wanted[NAME_BYTES], found[NAME_BYTES];
	const char *name;

	if (form == FORM_COUNT)
		return true;
	name = (const char *)partition + forms[form].name;
	/* Only partitions of a GPT have names, and the plan has them. Other names may be unknown. */
	if (!name[0])
		return name != partition->name;
	/* Also of a UUID case counts: udev and systemd look for a link of this name. */
	decode_name(device + strlen(forms[form].prefix), wanted, sizeof(wanted));
	snprintf(found, sizeof(found), "%s", name);
	if (forms[form].lower)
		text_lower(found);
	return strcmp(wanted, found) == 0;
}

/* Whether path is folder or below it. */
static bool is_path_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool has_option(const char *options, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (at[length] == '\0' || at[length] == ','))
			return true;
	}
	return false;
}

/* A mount over the store, or over Nix's database, hides what was installed. */
static bool hides_store(const char *path)
{
	return strcmp(path, "/nix") == 0 || is_path_below(path, "/nix/store") ||
	       is_path_below("/nix/var/nix/db", path) ||
	       is_path_below("/nix/var/nix/profiles", path);
}

/* Removes slashes behind the path and second ones in it, and parts that are ".", in place: mount(8)
 * and systemd ignore them, too. */
static void simplify_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t slashes = strspn(from, "/"), length = strcspn(from + slashes, "/");

		if (length && !(length == 1 && from[slashes] == '.')) {
			memmove(to + 1, from + slashes, length);
			*to = '/';
			to += length + 1;
		}
		from += slashes + length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

static bool is_planned(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].mount_path[0] &&
			strcmp(plan->partitions[i].mount_path, path) == 0)
			return true;
	return false;
}

static bool is_on_disk(const struct plan *plan, const char *device)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (fstab_device_may_be(&plan->partitions[i], device))
			return true;
	return false;
}

/* Whether device is a tag or a path below /dev; "tmpfs" and "pool/root" are neither. */
static bool names_block_device(const char *device)
{
	return text_starts_with(device, "/dev/") || strchr(device, '=');
}

static int check_planned(
	const struct plan *plan, const char *path, const char *device, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];

		if (strcmp(p->mount_path, path) == 0 &&
			!(names_block_device(device) && fstab_device_may_be(p, device)))
			return error_set(err, -EBADMSG,
				"The guest mounts %s from %s, which is not on this disk: its file system has the label %s and the UUID %s.",
				path, device, p->fs_label, p->fs_uuid);
	}
	return 0;
}

int fstab_check_line(const struct fstab_line *line, const struct plan *plan, const char *keys_path,
	bool *ret_elsewhere, struct error *err)
{
	AUTO_FREE char *path = text_duplicate(line->path);

	*ret_elsewhere = false;
	if (path[0] != '/' || (has_option(line->options, "noauto") &&
				      !has_option(line->options, "x-systemd.automount")))
		return 0;
	simplify_path(path);
	if (is_planned(plan, path))
		return check_planned(plan, path, line->device, err);
	if (hides_store(path))
		return error_set(err, -EBADMSG,
			"The guest mounts %s from %s, but its store is on the root file system: take this mount out of the guest.",
			path, line->device);
	if (keys_path && is_path_below(keys_path, path))
		return error_set(err, -EBADMSG,
			"The guest mounts %s from %s, which hides the SSH keys in %s: take this mount out of the guest, or set keys-user to another user.",
			path, line->device, keys_path);
	*ret_elsewhere = !has_option(line->options, "nofail") &&
			 find_form(line->device) < FORM_COUNT && !is_on_disk(plan, line->device);
	return 0;
}
