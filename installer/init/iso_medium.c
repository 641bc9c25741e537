/* SPDX-License-Identifier: MIT */
#include "init/iso_medium.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "disk/mount.h"
#include "disk/probe.h"
#include "init/settle.h"

#define GRACE_MS  5000 /* for a drive that no bus announces */
#define SETTLE_MS 1000
#define NAP_MS	  100

static bool is_iso_medium(const struct probe_result *found)
{
	return strcmp(found->type, "iso9660") == 0 && strcmp(found->label, MEDIUM_LABEL) == 0;
}

/* Adds what a device holds to the text. One without a medium cannot be read. */
static void describe_device(
	const char *name, int probed, const struct probe_result *found, char *ret, size_t ret_bytes)
{
	text_append(ret, ret_bytes, "%s%s (", ret[0] ? ", " : "", name);
	if (probed < 0)
		text_append(ret, ret_bytes, "unreadable)");
	else if (!found->type[0])
		text_append(ret, ret_bytes, "no file system)");
	else if (!found->label[0])
		text_append(ret, ret_bytes, "%s without a label)", found->type);
	else
		text_append(ret, ret_bytes, "%s, label %s)", found->type, found->label);
}

/* Looks through /sys/class/block, which lists disks and partitions alike. If no device is the
 * medium, ret_seen lists what is there. */
static bool find(char *ret_path, size_t path_bytes, char *ret_seen, size_t seen_bytes)
{
	AUTO_CLOSEDIR DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;

	ret_seen[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		struct probe_result found = { .type = "" };
		struct error none;
		int probed;

		if (entry->d_name[0] == '.' || text_starts_with(entry->d_name, "loop") ||
			text_starts_with(entry->d_name, "ram"))
			continue;
		snprintf(ret_path, path_bytes, "/dev/%s", entry->d_name);
		probed = probe_file_system(ret_path, 0, 0, &found, &none);
		if (probed == 0 && is_iso_medium(&found))
			return true;
		describe_device(entry->d_name, probed, &found, ret_seen, seen_bytes);
	}
	return false;
}

static int refuse_missing(const char *seen, struct error *err)
{
	if (!seen[0])
		return error_set_code(err, EXIT_FETCH, -ENOENT,
			"The medium that the installer was started from was not found, because the machine has no disk and no cdrom that this ISO has a driver for: attach the ISO to an IDE, SATA, SCSI, virtio or USB controller.");
	return error_set_code(err, EXIT_FETCH, -ENOENT,
		"The medium that the installer was started from, an ISO 9660 file system with the label " MEDIUM_LABEL
		", was not found among %s: attach the ISO to an IDE, SATA, SCSI, virtio or USB controller.",
		seen);
}

int iso_medium_mount(struct error *err)
{
	int64_t start = clock_now_ms(), elapsed;
	char path[300], seen[600];
	bool settled = false;

	while (!find(path, sizeof(path), seen, sizeof(seen))) {
		elapsed = clock_now_ms() - start;
		if (settled && elapsed >= GRACE_MS)
			return refuse_missing(seen, err);
		if (!settled && elapsed >= SETTLE_MS) {
			settle_wait(false);
			settled = true;
		}
		poll(NULL, 0, NAP_MS);
	}
	log_line("medium: %s", path);
	return mount_one(path, MEDIUM_PATH, "iso9660", "ro,nosuid,nodev", err);
}

/* Commands as in linux/cdrom.h. A drive without a lock has nothing to unlock. */
static int open_tray(const char *device, struct error *err)
{
	AUTO_CLOSE int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int status;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", device);
	if (ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT) < 0)
		return error_set(
			err, -ENOTTY, "%s is no CD-ROM drive, so nothing can be ejected.", device);
	if (ioctl(fd, CDROM_LOCKDOOR, 0) < 0)
		log_line("medium: unlock %s: %s", device, strerror(errno));
	if (ioctl(fd, CDROMEJECT, 0) < 0)
		return error_errno(err, -errno, "eject the medium of %s", device);
	status = ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT);
	if (status != CDS_TRAY_OPEN && status != CDS_NO_DISC)
		return error_set(
			err, -EBUSY, "%s still has its medium after it was ejected.", device);
	return 0;
}

int iso_medium_eject(struct error *err)
{
	char device[MOUNT_PATH_BYTES];
	int r = mount_source(MEDIUM_PATH, device, err);

	if (r == -ENOENT)
		return error_set(
			err, r, "The installer was started from no medium that could be ejected.");
	if (r < 0)
		return r;
	r = mount_detach(MEDIUM_PATH, err);
	if (r < 0)
		return r;
	return open_tray(device, err);
}
