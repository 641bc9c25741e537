/* SPDX-License-Identifier: MIT */
/* Any bytes as what /sys says of a disk, one attribute after the other, with a byte of 0xff between
 * them. */
/* Modules: disk/devices, disk/udev_link. */
#include "disk/devices.h"

#include <ctype.h>

#include "folder.h"

static const char *const folders[] = { "/block", "/block/sda", "/block/sda/device",
	"/block/sda/queue", "/block/sda/sda1", "/block/sda/holders", "/dev" };
static const char *const attributes[] = { "size", "queue/logical_block_size", "ro", "removable",
	"dev", "serial", "device/type", "device/vendor", "device/model", "device/vpd_pg80",
	"device/vpd_pg83", "sda1/dev", "sda1/partition" };

static void check_text(const char text[DISK_TEXT_BYTES])
{
	size_t length = strnlen(text, DISK_TEXT_BYTES);

	promised(length < DISK_TEXT_BYTES);
	promised(length == 0 ||
		 (!isspace((unsigned char)text[0]) && !isspace((unsigned char)text[length - 1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const char *root = fuzz_folder_get(folders, sizeof(folders) / sizeof(folders[0]));
	static struct disk disks[DISKS_MAX];
	struct error err = FUZZ_NO_ERROR;
	char dev[FILE_PATH_BYTES];
	size_t count;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		char name[64];
		size_t part_bytes;
		const uint8_t *part = fuzz_part(&data, &size_bytes, &part_bytes);

		snprintf(name, sizeof(name), "/block/sda/%s", attributes[i]);
		fuzz_folder_write(name, part, part_bytes);
	}
	file_below(dev, root, "/dev");
	promised(devices_scan(root, dev, NULL, disks, &count, &err) == 0 && count == 1);
	promised(strcmp(disks[0].name, "sda") == 0 && disks[0].sector_bytes > 0);
	check_text(disks[0].serial);
	check_text(disks[0].vendor);
	check_text(disks[0].model);
	check_text(disks[0].scsi_serial);
	promised(disks[0].cdrom || disks[0].unreadable[0]);
	return 0;
}
