/* SPDX-License-Identifier: MIT */
#include "guest/boot_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static bool is_other_name(const char *name, const char *disk_path)
{
	return name[0] && strcmp(name, "nodev") != 0 && strcmp(name, disk_path) != 0;
}

/* A file to mount the node on. */
static int make_place(struct boot_device *device, struct error *err)
{
	AUTO_CLOSE int fd = open(device->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	device->made = fd >= 0;
	if (fd < 0 && errno != EEXIST)
		return error_errno(err, -errno, "make %s", device->path);
	return 0;
}

static int check_shown(const struct boot_device *device, int disk_fd, struct error *err)
{
	struct stat shown, locked;

	if (stat(device->path, &shown) < 0 || fstat(disk_fd, &locked) < 0)
		return error_errno(err, -errno, "look at %s", device->path);
	if (!S_ISBLK(shown.st_mode) || shown.st_rdev != locked.st_rdev)
		return error_set(err, -ESTALE, "%s does not lead to the locked disk", device->path);
	return 0;
}

int boot_device_show(const char *root, const char *name, const char *disk_path, int disk_fd,
	struct boot_device *ret, struct error *err)
{
	struct boot_device device = { .made = false };
	struct error second;
	int r;

	*ret = device;
	if (!is_other_name(name, disk_path))
		return 0;
	snprintf(device.path, sizeof(device.path), "%s%s", root, name);
	r = make_place(&device, err);
	if (r < 0)
		return r;
	if (mount(disk_path, device.path, NULL, MS_BIND, NULL) < 0) {
		r = error_errno(err, -errno, "mount %s on %s", disk_path, device.path);
		if (device.made)
			unlink(device.path);
		return r;
	}
	r = check_shown(&device, disk_fd, err);
	if (r < 0) {
		(void)!boot_device_hide(&device, &second);
		return r;
	}
	log_line(
		"boot loader: the guest's GRUB is written to %s, which is %s in this machine: set the guest's boot.loader.grub.device to %s, so that GRUB can be updated",
		name, disk_path, disk_path);
	*ret = device;
	return 0;
}

int boot_device_hide(const struct boot_device *device, struct error *err)
{
	if (!device->path[0])
		return 0;
	if (umount2(device->path, MNT_DETACH) < 0)
		return error_errno(err, -errno, "unmount %s", device->path);
	if (device->made && unlink(device->path) < 0)
		return error_errno(err, -errno, "remove %s", device->path);
	return 0;
}
