/* SPDX-License-Identifier: MIT */
#include "disk/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "disk/image_container.h"
#include "disk/mount.h"
#include "disk/probe.h"
#include "disk/udev_link.h"

#define SYSFS_SECTOR	 512 /* /sys counts sizes in these, whatever the disk's sectors are */
#define SCSI_TYPE_CDROM	 "5"
#define VPD_HEADER_BYTES 4
#define VPD_MAX_BYTES	 (VPD_HEADER_BYTES + UINT16_MAX)
#define MEMBERS_MAX	 256 /* a disk and its partitions */
#define MEMBER_BYTES	 (2 * DISK_TEXT_BYTES)

/* Disks that are made of others or of memory: no target, and often many. */
static const char *const left_out[] = { "loop", "ram", "zram", "dm-", "md", "fd", "nbd", "mtdblock",
	NULL };

/* Where the scan looks. */
struct places {
	const char *sysfs;
	const char *dev;
};

/* A disk and its partitions, as folders below /sys/block: "vda", "vda/vda1". */
struct members {
	char folders[MEMBERS_MAX][MEMBER_BYTES];
	size_t count;
};

static bool is_left_out(const char *name)
{
	for (size_t i = 0; left_out[i]; i++) {
		if (text_starts_with(name, left_out[i]))
			return true;
	}
	return false;
}

static void read_disk_attribute(
	const struct places *at, const char *name, const char *attribute, char ret[DISK_TEXT_BYTES])
{
	char path[FILE_PATH_BYTES];

	file_below(path, at->sysfs, "/block/%s/%s", name, attribute);
	file_read_line(path, ret, DISK_TEXT_BYTES);
}

static uint64_t read_number(const struct places *at, const char *name, const char *attribute)
{
	char text[DISK_TEXT_BYTES];

	read_disk_attribute(at, name, attribute, text);
	return strtoull(text, NULL, 10);
}

/* SCSI keeps it in the vital product data page 0x80 (SPC-4, 7.8.15): a header with the length,
 * then the serial number. */
static void read_scsi_serial(const struct places *at, const char *name, char ret[DISK_TEXT_BYTES])
{
	char path[FILE_PATH_BYTES];
	AUTO_FREE char *page = NULL;
	struct error ignored;
	size_t bytes;

	file_below(path, at->sysfs, "/block/%s/device/vpd_pg80", name);
	if (file_read(path, VPD_MAX_BYTES, &page, &bytes, &ignored) < 0)
		return;
	if (bytes > VPD_HEADER_BYTES)
		snprintf(ret, DISK_TEXT_BYTES, "%s", page + VPD_HEADER_BYTES);
}

static void read_serial(const struct places *at, const char *name, char ret[DISK_TEXT_BYTES])
{
	char *serial;

	read_disk_attribute(at, name, "serial", ret); /* virtio */
	if (!ret[0])
		read_disk_attribute(at, name, "device/serial", ret); /* NVMe, MMC */
	if (!ret[0])
		read_scsi_serial(at, name, ret);
	/* Vendors pad it with blanks on either side. */
	serial = text_trim(ret);
	memmove(ret, serial, strlen(serial) + 1);
}

/* Only SCSI, ATA and NVMe disks have a model. The vendor of a virtio disk is a number of its
 * bus. */
static void read_model(const struct places *at, struct disk *disk)
{
	char vendor[DISK_TEXT_BYTES], model[DISK_TEXT_BYTES];

	read_disk_attribute(at, disk->name, "device/vendor", vendor);
	read_disk_attribute(at, disk->name, "device/model", model);
	if (!model[0])
		return;
	text_append(disk->model, sizeof(disk->model), "%s", text_trim(model));
	if (!text_starts_with(disk->name, "nvme"))
		text_append(disk->vendor, sizeof(disk->vendor), "%s", text_trim(vendor));
}

static void read_page_83(const struct places *at, struct disk *disk)
{
	char path[FILE_PATH_BYTES];
	AUTO_FREE char *page = NULL;
	struct error ignored;
	size_t bytes;

	file_below(path, at->sysfs, "/block/%s/device/vpd_pg83", disk->name);
	if (file_read(path, VPD_MAX_BYTES, &page, &bytes, &ignored) == 0)
		udev_link_scsi_serial((const uint8_t *)page, bytes, disk, disk->scsi_serial);
}

/* Controllers may have several SCSI hosts, whose numbers depend on the order of the drivers. */
static unsigned find_host_index(const char *sysfs_path)
{
	const char *host = strstr(sysfs_path, "/host");
	AUTO_FREE char *parent = host ? strndup(sysfs_path, (size_t)(host - sysfs_path)) : NULL;
	AUTO_CLOSEDIR DIR *dir = parent ? opendir(parent) : NULL;
	unsigned own, other, index = 0;
	struct dirent *entry;

	if (!dir || sscanf(host, "/host%u", &own) != 1)
		return 0;
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "host%u", &other) == 1 && other < own &&
			own - other > index)
			index = own - other;
	return index;
}

/* The devices on the way to a USB disk include its host controller's root hub, usbN (Linux,
 * usb_alloc_dev). */
static void read_place(const struct places *at, struct disk *disk)
{
	char path[FILE_PATH_BYTES];
	AUTO_FREE char *device = NULL;

	file_below(path, at->sysfs, "/block/%s", disk->name);
	device = realpath(path, NULL);
	if (!device || text_copy(disk->sysfs_path, sizeof(disk->sysfs_path), device) < 0)
		return;
	disk->usb = strstr(device, "/usb");
	disk->scsi_host_index = find_host_index(device);
}

static bool is_cdrom(const struct places *at, const char *name)
{
	char type[DISK_TEXT_BYTES];

	read_disk_attribute(at, name, "device/type", type);
	return text_starts_with(name, "sr") || strcmp(type, SCSI_TYPE_CDROM) == 0;
}

/* A folder of /sys/block; NULL if there is none. */
static DIR *open_sysfs_folder(const struct places *at, const char *name, const char *below)
{
	char path[FILE_PATH_BYTES];

	file_below(path, at->sysfs, "/block/%s%s", name, below);
	return opendir(path);
}

static void find_members(const struct places *at, const char *disk, struct members *ret)
{
	AUTO_CLOSEDIR DIR *dir = open_sysfs_folder(at, disk, "");
	struct dirent *entry;

	memset(ret, 0, sizeof(*ret));
	text_append(ret->folders[ret->count++], MEMBER_BYTES, "%s", disk);
	while (dir && ret->count < MEMBERS_MAX && (entry = readdir(dir))) {
		char path[FILE_PATH_BYTES];

		file_below(path, at->sysfs, "/block/%s/%s/partition", disk, entry->d_name);
		if (entry->d_name[0] != '.' && access(path, F_OK) == 0)
			text_append(ret->folders[ret->count++], MEMBER_BYTES, "%s/%s", disk,
				entry->d_name);
	}
}

static size_t read_device_numbers(
	const struct places *at, const struct members *members, dev_t ret[MEMBERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < members->count; i++) {
		char text[DISK_TEXT_BYTES];
		unsigned int major_number, minor_number;

		read_disk_attribute(at, members->folders[i], "dev", text);
		if (sscanf(text, "%u:%u", &major_number, &minor_number) == 2)
			ret[count++] = makedev(major_number, minor_number);
	}
	return count;
}

static void find_disk_mount(
	const struct places *at, const struct members *members, struct disk *disk)
{
	dev_t devices[MEMBERS_MAX];
	size_t count = read_device_numbers(at, members, devices);
	char path[MOUNT_PATH_BYTES];
	struct error err;

	/* If the mounts cannot be read, the disk counts as used. */
	if (mount_point_of(devices, count, path, &err) < 0)
		text_append(disk->used_by, sizeof(disk->used_by), "%s", err.text);
	else if (strcmp(path, "[SWAP]") == 0)
		text_append(disk->used_by, sizeof(disk->used_by), "used as swap space");
	else if (path[0])
		text_append(disk->used_by, sizeof(disk->used_by), "mounted on %s", path);
}

/* If the kernel's lists cannot be read, the disk is not free either. */
static void assume_use(struct disk *disk)
{
	if (errno != ENOENT)
		text_append(disk->used_by, sizeof(disk->used_by),
			"possibly in use: /sys/block cannot be read (%s)", strerror(errno));
}

/* Device mapper and md list in /sys the disks that they hold. */
static void find_holder(const struct places *at, const struct members *members, struct disk *disk)
{
	for (size_t i = 0; i < members->count && !disk->used_by[0]; i++) {
		AUTO_CLOSEDIR DIR *dir = open_sysfs_folder(at, members->folders[i], "/holders");
		struct dirent *entry;

		if (!dir)
			assume_use(disk);
		while (dir && !disk->used_by[0] && (entry = readdir(dir))) {
			if (entry->d_name[0] != '.')
				text_append(disk->used_by, sizeof(disk->used_by), "held by %s",
					entry->d_name);
		}
	}
}

/* Loop devices do not; they name their node or file. */
static bool loop_is_on(const struct places *at, const char *loop, const char *path)
{
	char attribute[FILE_PATH_BYTES], backing[FILE_PATH_BYTES];

	file_below(attribute, at->sysfs, "/block/%s/loop/backing_file", loop);
	file_read_line(attribute, backing, sizeof(backing));
	return backing[0] && strcmp(backing, path) == 0;
}

/* Whether an attached loop device has this file behind it, by whatever name: there are hard
 * links, and in a chroot other paths. */
static bool loop_has(const struct places *at, const char *loop, const struct stat *file)
{
	char attribute[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	struct loop_info64 info;
	AUTO_CLOSE int fd = -1;

	file_below(attribute, at->sysfs, "/block/%s/loop", loop);
	if (access(attribute, F_OK) < 0)
		return false;
	file_below(path, at->dev, "/%s", loop);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
	       info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
}

/* file: what is at the path, if it is a file. */
static void find_loop(
	const struct places *at, const char *path, const struct stat *file, struct disk *disk)
{
	AUTO_CLOSEDIR DIR *dir = open_sysfs_folder(at, "", "");
	struct dirent *entry;

	if (!dir)
		assume_use(disk);
	while (dir && !disk->used_by[0] && (entry = readdir(dir))) {
		if (text_starts_with(entry->d_name, "loop") &&
			(loop_is_on(at, entry->d_name, path) ||
				(file && loop_has(at, entry->d_name, file))))
			text_append(
				disk->used_by, sizeof(disk->used_by), "held by %s", entry->d_name);
	}
}

static void find_loops(const struct places *at, const struct members *members, struct disk *disk)
{
	for (size_t i = 0; i < members->count && !disk->used_by[0]; i++) {
		char path[FILE_PATH_BYTES];

		file_below(path, at->dev, "/%s", file_base_name(members->folders[i]));
		find_loop(at, path, NULL, disk);
	}
}

/* Finds a holder that the checks above do not: an exclusive open fails. */
static void try_exclusive(struct disk *disk)
{
	AUTO_CLOSE int fd = open(disk->path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == EBUSY)
		text_append(disk->used_by, sizeof(disk->used_by), "in use by another program");
}

static void find_use(const struct places *at, const struct members *members, struct disk *disk)
{
	find_disk_mount(at, members, disk);
	if (!disk->used_by[0])
		find_holder(at, members, disk);
	if (!disk->used_by[0])
		find_loops(at, members, disk);
	if (!disk->used_by[0] && !disk->cdrom)
		try_exclusive(disk);
}

/* The medium may be mounted by a link's name, and from a partition. */
static bool is_running_medium(const struct members *members, const char *medium_source)
{
	AUTO_FREE char *resolved = realpath(medium_source, NULL);
	const char *name = file_base_name(resolved ? resolved : medium_source);

	for (size_t i = 0; i < members->count; i++) {
		if (strcmp(file_base_name(members->folders[i]), name) == 0)
			return true;
	}
	return false;
}

static int read_block_device(const struct places *at, const char *name, const char *medium_source,
	struct disk *disk, struct error *err)
{
	AUTO_FREE struct members *members = must_realloc(NULL, 1, sizeof(*members));

	memset(disk, 0, sizeof(*disk));
	find_members(at, name, members);
	text_append(disk->name, sizeof(disk->name), "%s", name);
	text_append(disk->path, sizeof(disk->path), "%s/%s", at->dev, name);
	disk->size_bytes = read_number(at, name, "size") * SYSFS_SECTOR;
	disk->sector_bytes = (unsigned)read_number(at, name, "queue/logical_block_size");
	if (disk->sector_bytes == 0)
		disk->sector_bytes = SECTOR_BYTES;
	disk->read_only = read_number(at, name, "ro") != 0;
	disk->removable = read_number(at, name, "removable") != 0;
	disk->nvme_namespace = (unsigned)read_number(at, name, "nsid");
	read_place(at, disk);
	disk->cdrom = is_cdrom(at, name);
	disk->medium = medium_source && is_running_medium(members, medium_source);
	read_serial(at, name, disk->serial);
	read_model(at, disk);
	read_page_83(at, disk);
	find_use(at, members, disk);
	if (disk->cdrom || disk->medium)
		return 0;
	return probe_content(disk, err);
}

static int compare_disks(const void *a, const void *b)
{
	const struct disk *x = a, *y = b;
	size_t length_x = strlen(x->name), length_y = strlen(y->name);

	if (length_x != length_y)
		return length_x < length_y ? -1 : 1;
	return strcmp(x->name, y->name);
}

int devices_scan(const char *sysfs_root, const char *dev_root, const char *medium_source,
	struct disk ret_disks[DISKS_MAX], size_t *ret_count, struct error *err)
{
	const struct places at = { .sysfs = sysfs_root, .dev = dev_root };
	AUTO_CLOSEDIR DIR *dir = open_sysfs_folder(&at, "", "");
	struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return error_errno(err, -errno, "open %s/block", sysfs_root);
	while ((entry = readdir(dir))) {
		int r;

		if (entry->d_name[0] == '.' || is_left_out(entry->d_name))
			continue;
		if (count == DISKS_MAX)
			return error_set_code(err, EXIT_SEVERAL_DISKS, -E2BIG,
				"this machine has more than %d disks; detach some of them",
				DISKS_MAX);
		r = read_block_device(&at, entry->d_name, medium_source, &ret_disks[count], err);
		if (r < 0)
			return r;
		count++;
	}
	qsort(ret_disks, count, sizeof(ret_disks[0]), compare_disks);
	*ret_count = count;
	return 0;
}

/* An image file that a loop device or a virtual machine works on would be written twice. */
static int find_image_use(struct disk *disk, const struct stat *file, struct error *err)
{
	const struct places at = { .sysfs = "/sys", .dev = "/dev" };
	AUTO_FREE char *resolved = realpath(disk->path, NULL);

	if (!resolved)
		return error_errno(err, -errno, "find the image file %s", disk->path);
	find_loop(&at, resolved, file, disk);
	return 0;
}

/* A qcow2 file and the like hold a disk, and are none. One that cannot be read is judged by the
 * probe. */
static int refuse_container(const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t start[IMAGE_CONTAINER_BYTES];
	ssize_t n = fd < 0 ? 0 : pread(fd, start, sizeof(start), 0);
	const char *name = n > 0 ? image_container_name(start, (size_t)n) : NULL;

	if (!name)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"%s is a %s image, and the installer works on raw ones: name a raw file (truncate -s 8G FILE), or make a qcow2 image with the command image.",
		path, name);
}

int devices_image(const char *path, struct disk *ret, struct error *err)
{
	struct disk disk;
	struct stat st;
	int r;

	memset(&disk, 0, sizeof(disk));
	if (stat(path, &st) < 0)
		return error_errno(err, -errno, "open the image file %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is neither an image file nor a whole disk of this machine", path);
	if (text_copy(disk.path, sizeof(disk.path), path) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -ENAMETOOLONG,
			"the path %s is longer than %zu bytes; use a shorter one", path,
			sizeof(disk.path) - 1);
	text_append(disk.name, sizeof(disk.name), "%s", file_base_name(path));
	disk.size_bytes = (uint64_t)st.st_size;
	disk.sector_bytes = SECTOR_BYTES;
	disk.image_file = true;
	disk.read_only = access(path, W_OK) < 0;
	if (disk.read_only && errno != EROFS && errno != EACCES && errno != EPERM)
		return error_errno(err, -errno, "look at the image file %s", path);
	r = refuse_container(path, err);
	if (r < 0)
		return r;
	r = find_image_use(&disk, &st, err);
	if (r < 0)
		return r;
	r = probe_content(&disk, err);
	if (r < 0)
		return r;
	*ret = disk;
	return 0;
}
