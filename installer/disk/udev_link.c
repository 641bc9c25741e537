/* SPDX-License-Identifier: MIT */
#include "disk/udev_link.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define BY_ID	"/dev/disk/by-id/"
#define BY_PATH "/dev/disk/by-path/"

/* Of a SCSI INQUIRY (SPC-4, 6.4.2). A shorter model is the whole one of an ATA disk. */
#define VENDOR_CHARS 8
#define MODEL_CHARS  16

#define PAGE_83		     0x83
#define PAGE_HEADER_BYTES    4
#define DESIGNATOR_BYTES     4 /* its header */
#define CODE_SET_ASCII	     2
#define TYPE_VENDOR_SPECIFIC 0
#define ASSOCIATION_DISK     0

/* Whether udev leaves every character as it is. */
static bool is_kept(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("#+-.:=@_", *text))
			return false;
	return true;
}

/* Blanks at the end are dropped, others are replaced, several by one '_'. */
static void replace_blanks(const char *text, char ret[DISK_TEXT_BYTES])
{
	size_t used = 0;

	while (isspace((unsigned char)*text))
		text++;
	for (; *text && used + 2 < DISK_TEXT_BYTES; text++) {
		if (!isspace((unsigned char)*text))
			ret[used++] = *text;
		else if (text[1] && !isspace((unsigned char)text[1]))
			ret[used++] = '_';
	}
	ret[used] = '\0';
}

/* The first designator that names the disk itself; NULL if there is another kind as well. */
static const uint8_t *find_designator(const uint8_t *page, size_t size_bytes)
{
	const uint8_t *found = NULL;
	size_t at = PAGE_HEADER_BYTES;

	if (size_bytes < PAGE_HEADER_BYTES || page[1] != PAGE_83)
		return NULL;
	while (at + DESIGNATOR_BYTES <= size_bytes &&
		at + DESIGNATOR_BYTES + page[at + 3] <= size_bytes) {
		const uint8_t *designator = page + at;

		at += DESIGNATOR_BYTES + (size_t)designator[3];
		if ((designator[1] >> 4 & 3) != ASSOCIATION_DISK)
			continue;
		if ((designator[1] & 15) != TYPE_VENDOR_SPECIFIC ||
			(designator[0] & 15) != CODE_SET_ASCII)
			return NULL;
		found = found ? found : designator;
	}
	return found;
}

void udev_link_scsi_serial(
	const uint8_t *page, size_t size_bytes, const struct disk *disk, char ret[DISK_TEXT_BYTES])
{
	const uint8_t *designator = find_designator(page, size_bytes);
	char text[DISK_TEXT_BYTES];

	ret[0] = '\0';
	if (!designator || designator[3] == 0)
		return;
	snprintf(text, sizeof(text), "0%-*.*s%-*.*s%.*s", VENDOR_CHARS, VENDOR_CHARS, disk->vendor,
		MODEL_CHARS, MODEL_CHARS, disk->model, designator[3],
		(const char *)designator + DESIGNATOR_BYTES);
	replace_blanks(text, ret);
}

static void add_link(char ret[UDEV_LINKS_BYTES], const char *folder, const char *bus,
	const char *name, const char *more)
{
	if (name[0] && is_kept(name) && is_kept(more))
		text_append(ret, UDEV_LINKS_BYTES, "%s%s-%s%s%s\n", folder, bus, name,
			more[0] ? "_" : "", more);
}

static void list_ids(const struct disk *disk, char ret[UDEV_LINKS_BYTES])
{
	char model[DISK_TEXT_BYTES], serial[DISK_TEXT_BYTES + 16];

	replace_blanks(disk->model, model);
	if (text_starts_with(disk->name, "vd")) {
		add_link(ret, BY_ID, "virtio", disk->serial, "");
	} else if (text_starts_with(disk->name, "nvme") && model[0] && disk->serial[0]) {
		add_link(ret, BY_ID, "nvme", model, disk->serial);
		snprintf(serial, sizeof(serial), "%s_%u", disk->serial, disk->nvme_namespace);
		add_link(ret, BY_ID, "nvme", model, serial);
	} else if (strcmp(disk->vendor, "ATA") == 0 && strlen(disk->model) < MODEL_CHARS &&
		   disk->serial[0]) {
		add_link(ret, BY_ID, "ata", model, disk->serial);
	} else if (!disk->usb) {
		add_link(ret, BY_ID, "scsi", disk->scsi_serial, "");
	}
}

/* Copies the last component of the form DDDD:BB:DD.F before the end; "" if there is none. */
static const char *find_pci(const char *path, char ret[16])
{
	const char *after = NULL;

	ret[0] = '\0';
	for (const char *part = path; *part; part++) {
		unsigned domain, bus, device, function;
		int length = 0;

		if (part[0] != '/' || sscanf(part + 1, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device,
					      &function, &length) != 4)
			continue;
		if (length != 12 || (part[13] != '/' && part[13]))
			continue;
		snprintf(ret, 16, "%.12s", part + 1);
		after = part + 13;
	}
	return after;
}

/* What follows the controller's address: nothing for virtio-blk; the SCSI address, with the number
 * that the host has among those of its controller. */
static void list_path(const struct disk *disk, char ret[UDEV_LINKS_BYTES])
{
	unsigned host, channel, target;
	unsigned long long lun;
	char address[16];
	const char *after = find_pci(disk->sysfs_path, address);
	const char *scsi = after ? strstr(after, "/target") : NULL;

	if (!after || disk->usb)
		return;
	if (text_starts_with(disk->name, "vd") && text_starts_with(after, "/virtio"))
		text_append(ret, UDEV_LINKS_BYTES, BY_PATH "pci-%s\n", address);
	else if (text_starts_with(disk->name, "nvme") && text_starts_with(after, "/nvme/"))
		text_append(ret, UDEV_LINKS_BYTES, BY_PATH "pci-%s-nvme-%u\n", address,
			disk->nvme_namespace);
	else if (scsi && (text_starts_with(after, "/host") || text_starts_with(after, "/virtio")) &&
		 sscanf(scsi, "/target%*u:%*u:%*u/%u:%u:%u:%llu/", &host, &channel, &target,
			 &lun) == 4)
		text_append(ret, UDEV_LINKS_BYTES, BY_PATH "pci-%s-scsi-%u:%u:%u:%llu\n", address,
			disk->scsi_host_index, channel, target, lun);
}

void udev_link_list(const struct disk *disk, char ret[UDEV_LINKS_BYTES])
{
	ret[0] = '\0';
	if (disk->image_file)
		return;
	list_ids(disk, ret);
	list_path(disk, ret);
}

bool udev_link_is_of(const char *link, const struct disk *disk)
{
	char links[UDEV_LINKS_BYTES], *save = NULL;

	udev_link_list(disk, links);
	for (char *line = strtok_r(links, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strcmp(line, link) == 0)
			return true;
	return false;
}
