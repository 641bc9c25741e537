/* SPDX-License-Identifier: MIT */
/* Any bytes as a SCSI disk's page 0x83, and any texts as what /sys says of a disk, with 0xff
 * between. */
#include "disk/udev_link.h"

#include "base/text.h"
#include "folder.h"
#include "mutate.h"

static const char *const names[] = { "vda", "sda", "nvme0n1", "xvda" };

/* A further descriptor of the page is cut off, or its size is made right. */
static void repair_page(uint8_t *data, size_t size_bytes)
{
	size_t at = 4;

	if (size_bytes < 8)
		return;
	data[1] = 0x83;
	while (at + 4 <= size_bytes && data[at] != 0xff && at + 4 + data[at + 3] <= size_bytes)
		at += 4 + (size_t)data[at + 3];
	if (at + 4 <= size_bytes && data[at] != 0xff)
		data[at + 3] = (uint8_t)((size_bytes - at - 4) % 64);
}
FUZZ_MUTATE_AND_REPAIR(repair_page);

static void take_text(const uint8_t **data, size_t *size_bytes, char *ret, size_t ret_bytes)
{
	size_t part_bytes;
	const uint8_t *part = fuzz_part(data, size_bytes, &part_bytes);

	snprintf(ret, ret_bytes, "%.*s", (int)part_bytes, (const char *)part);
}

static void check_links(const struct disk *disk)
{
	char links[UDEV_LINKS_BYTES], *rest = links, *line;

	udev_link_list(disk, links);
	promised(memchr(links, '\0', sizeof(links)));
	while ((line = strsep(&rest, "\n")) && *line) {
		promised(text_starts_with(line, "/dev/disk/by-"));
		promised(udev_link_is_of(line, disk) && !strstr(line, "/../"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct disk disk;
	size_t page_bytes;
	const uint8_t *page = fuzz_part(&data, &size_bytes, &page_bytes);

	memset(&disk, 0, sizeof(disk));
	take_text(&data, &size_bytes, disk.vendor, sizeof(disk.vendor));
	take_text(&data, &size_bytes, disk.model, sizeof(disk.model));
	take_text(&data, &size_bytes, disk.serial, sizeof(disk.serial));
	take_text(&data, &size_bytes, disk.sysfs_path, sizeof(disk.sysfs_path));
	udev_link_scsi_serial(page, page_bytes, &disk, disk.scsi_serial);
	promised(memchr(disk.scsi_serial, '\0', sizeof(disk.scsi_serial)));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(disk.name, sizeof(disk.name), "%s", names[i]);
		check_links(&disk);
	}
	return 0;
}
