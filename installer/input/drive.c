/* SPDX-License-Identifier: MIT */
#include "input/drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/mount.h"
#include "disk/names.h"

#define MOUNT_OPTIONS "ro,nosuid,nodev,noexec"

/* What hosts put on such drives. */
static bool is_drive_type(const char *type)
{
	return strcmp(type, "vfat") == 0 || strcmp(type, "iso9660") == 0 ||
	       strcmp(type, "udf") == 0;
}

/* Whether a file system that is not read was meant to be: by its label, or because other systems
 * format sticks so. */
static bool is_meant(const struct probe_result *found)
{
	static const char *const labels[] = { "cidata", "config-2", "keys" };
	static const char *const types[] = { "exfat", "ntfs", "hfsplus" };

	for (size_t i = 0; i < 3; i++)
		if (strcasecmp(found->label, labels[i]) == 0 || strcmp(found->type, types[i]) == 0)
			return found->type[0] && !is_drive_type(found->type);
	return false;
}

static bool probes(const char *node, struct probe_result *ret_found)
{
	struct error ignored;

	return access(node, R_OK) == 0 && probe_file_system(node, 0, 0, ret_found, &ignored) == 0;
}

static bool passes(const char *node, const char *label, struct probe_result *ret_found)
{
	return probes(node, ret_found) && is_drive_type(ret_found->type) &&
	       (!label || strcasecmp(ret_found->label, label) == 0 ||
		       strcasecmp(ret_found->boot_label, label) == 0);
}

/* The whole disk, or partition number. */
static void name_drive_node(
	const struct disk *disk, unsigned number, char *ret_node, size_t ret_bytes)
{
	if (number)
		names_of_partition(disk->path, number, ret_node, ret_bytes);
	else
		snprintf(ret_node, ret_bytes, "%s", disk->path);
}

bool drive_find(const struct disk *disk, const char *label, unsigned *place, char *ret_node,
	size_t ret_bytes, struct probe_result *ret_found)
{
	if (disk->medium || disk->unreadable[0] || disk->used_by[0])
		return false;
	while (*place <= DRIVE_PARTITIONS_MAX) {
		unsigned number = (*place)++;

		name_drive_node(disk, number, ret_node, ret_bytes);
		if (!passes(ret_node, label, ret_found))
			continue;
		/* The partitions of a hybrid ISO are parts of it. */
		if (!number)
			*place = DRIVE_PARTITIONS_MAX + 1;
		return true;
	}
	return false;
}

bool drive_find_unread(
	const struct disk *disk, char *ret_node, size_t ret_bytes, struct probe_result *ret_found)
{
	if (disk->medium || disk->unreadable[0] || disk->used_by[0])
		return false;
	for (unsigned number = 0; number <= DRIVE_PARTITIONS_MAX; number++) {
		name_drive_node(disk, number, ret_node, ret_bytes);
		if (probes(ret_node, ret_found) && is_meant(ret_found))
			return true;
	}
	return false;
}

int drive_visit(const char *node, const char *fstype, const char *mount_path,
	int (*look)(const char *path, void *userdata, struct error *err), void *userdata,
	struct error *err)
{
	struct error detach_err;
	int r = mount_one(node, mount_path, fstype, MOUNT_OPTIONS, err);

	if (r < 0) {
		log_line("drive: %s", err->text);
		return 0;
	}
	r = look(mount_path, userdata, err);
	if (mount_detach(mount_path, &detach_err) < 0 && r >= 0) {
		*err = detach_err;
		return -EBUSY;
	}
	if (r < 0)
		return r;
	return 1;
}

/* What a file of st_size bytes has, from its descriptor. */
static int read_all(int fd, const char *name, size_t size_bytes, char **ret_text, size_t *ret_bytes,
	struct error *err)
{
	AUTO_FREE char *text = must_realloc(NULL, size_bytes + 1, 1);
	size_t used = 0;

	while (used < size_bytes) {
		ssize_t n = read(fd, text + used, size_bytes - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, -errno, "read %s", name);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	*ret_text = text;
	*ret_bytes = used;
	text = NULL;
	return 1;
}

/* Opens a file by a path of which no part is a link, so that no drive can name a file outside
 * it. */
static int open_below(int folder, const char *name)
{
	const char *slash = strchr(name, '/');
	AUTO_CLOSE int next = -1;
	char part[256];

	if (!slash)
		return openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
	next = openat(folder, part, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	return next < 0 ? -1 : open_below(next, slash + 1);
}

int drive_read_file(int folder, const char *name, size_t max_bytes, enum exit_code code,
	char **ret_text, size_t *ret_bytes, struct error *err)
{
	AUTO_CLOSE int fd = open_below(folder, name);
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "open %s", name);
	if (!S_ISREG(st.st_mode))
		return 0;
	if ((uint64_t)st.st_size > max_bytes)
		return error_set_code(err, code, -EFBIG,
			"%s has %lld bytes, more than the %zu that are read", name,
			(long long)st.st_size, max_bytes);
	return read_all(fd, name, (size_t)st.st_size, ret_text, ret_bytes, err);
}
