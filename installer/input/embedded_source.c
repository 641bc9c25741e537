/* SPDX-License-Identifier: MIT */
#include "input/embedded_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "disk/loop_device.h"
#include "disk/mount.h"
#include "init/iso_medium.h"

#define LIVE_MEDIUM_PATH "/iso" /* of a NixOS live system */
#define MOUNT_OPTIONS	 "ro,nosuid,nodev,noexec"

/* The area of the initramfs comes first: it belongs to what was started. */
static const char *const places[] = {
	"/etc/" EMBEDDED_NAME,
	MEDIUM_PATH "/" EMBEDDED_NAME,
	LIVE_MEDIUM_PATH "/" EMBEDDED_NAME,
};
#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

int embedded_source_read_area(const char *path, struct embedded_source *ret, struct error *err)
{
	AUTO_FREE char *area = NULL;
	size_t size_bytes;
	int r = file_read(path, EMBEDDED_MAX_BYTES, &area, &size_bytes, err);

	if (r < 0) {
		err->code = EXIT_CONFIGURATION;
		return r;
	}
	r = embedded_parse(area, size_bytes, &ret->embedded, err);
	if (r <= 0)
		return r;
	r = key_drive_read_embedded(&ret->embedded, &ret->files, err);
	if (r < 0)
		return r;
	ret->area = area;
	area = NULL;
	return 1;
}

void embedded_source_free(struct embedded_source *source)
{
	key_drive_free(&source->files);
	free(source->area);
	source->area = NULL;
}

/* -------------------------------------------------------- the appended closure */

/* The node of the device of a file system. Partition 1 of a hybrid ISO begins where its disk begins
 * and ends with the original ISO, so it is replaced by the disk. */
static int find_device(dev_t number, char ret_node[64], struct error *err)
{
	char path[64], attribute[96], folder[PATH_MAX], start[32];
	const char *name;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(number), minor(number));
	snprintf(attribute, sizeof(attribute), "%s/start", path);
	file_read_line(attribute, start, sizeof(start));
	if (strcmp(start, "0") == 0)
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/..", major(number),
			minor(number));
	if (!realpath(path, folder))
		return error_set_code(err, EXIT_CONFIGURATION, -errno,
			"A closure was appended to the ISO, but the installer was not started from a device with this ISO: attach the ISO.");
	name = file_base_name(folder);
	snprintf(ret_node, 64, "/dev/%.58s", name);
	return 0;
}

static int check_size(const char *node, int fd, const struct embedded *embedded, struct error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint64_t end = embedded->appended_offset_bytes + embedded->appended_size_bytes;

	if (size < 0)
		return error_errno(err, -errno, "read the size of %s", node);
	if ((uint64_t)size >= end)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
		"The ISO on %s is cut off: it has %jd bytes, but the closure that was appended to it ends at %" PRIu64
		": copy the ISO again.",
		node, (intmax_t)size, end);
}

static int mount_part(const char *node, int fd, const struct embedded *embedded, struct error *err)
{
	const struct loop_request request = {
		.fd = fd,
		.name = node,
		.offset_bytes = embedded->appended_offset_bytes,
		.size_bytes = embedded->appended_size_bytes,
		.read_only = true,
	};
	char loop_node[LOOP_NODE_BYTES];
	AUTO_CLOSE int loop_fd = -1;
	int r = loop_device_attach(&request, loop_node, &loop_fd, err);

	if (r < 0)
		return r;
	log_line("medium: the closure appended to %s is %s", node, loop_node);
	return mount_one(loop_node, EMBEDDED_APPENDED_PATH, "iso9660", MOUNT_OPTIONS, err);
}

static int mount_appended(const char *area_path, const struct embedded *embedded, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	char node[64];
	int r;

	if (stat(area_path, &st) < 0)
		return error_errno(err, -errno, "read %s", area_path);
	r = find_device(st.st_dev, node, err);
	if (r < 0)
		return r;
	fd = open(node, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "open %s", node);
	r = check_size(node, fd, embedded, err);
	if (r < 0)
		return r;
	r = mount_part(node, fd, embedded, err);
	if (r < 0) {
		error_wrap(err, "the closure that was appended to the ISO");
		err->code = EXIT_CONFIGURATION;
	}
	return r;
}

/* -------------------------------------------------------- the source */

static int use_area(const char *path, struct embedded_source *ret, struct error *err)
{
	int r = embedded_source_read_area(path, ret, err);

	if (r <= 0)
		return r;
	/* Besides the description. */
	log_line("embedded in the ISO: %zu files in %s", ret->embedded.count - 1, path);
	if (ret->embedded.appended_size_bytes == 0)
		return 1;
	r = mount_appended(path, &ret->embedded, err);
	if (r < 0)
		return r;
	return 1;
}

int embedded_source_read(struct embedded_source *ret, struct error *err)
{
	/* One that is there and cannot be read is an error of use_area. */
	for (size_t i = 0; i < PLACE_COUNT; i++)
		if (access(places[i], F_OK) == 0 || !file_is_missing(-errno))
			return use_area(places[i], ret, err);
	return 0;
}
