/* SPDX-License-Identifier: MIT */
/* A disk with a damaged table and damaged file systems (disk_image.h), as the disks of this machine
 * are read before an install, and as the command verify reads the disk of a guest. */
/* Modules: disk/probe, disk/blank, disk/wipe_token, verify/installed_disk. */
#include "disk_image.h"

#include <errno.h>

#include "disk/probe.h"
#include "disk/wipe_token.h"
#include "verify/installed_disk.h"

static void check_probe(const char *path, unsigned sector_bytes)
{
	static struct disk disk;
	struct error err = FUZZ_NO_ERROR;

	memset(&disk, 0, sizeof(disk));
	snprintf(disk.name, sizeof(disk.name), "vda");
	snprintf(disk.path, sizeof(disk.path), "%s", path);
	disk.size_bytes = DISK_BYTES;
	disk.sector_bytes = sector_bytes;
	promised(probe_content(&disk, &err) == 0);
	promised(disk.label_count <= DISK_LABELS_MAX && disk.start_count <= DISK_STARTS_MAX);
	for (size_t i = 0; i < disk.label_count; i++)
		promised(memchr(disk.labels[i].label, '\0', DISK_TEXT_BYTES) &&
			 disk.labels[i].offset_bytes < DISK_BYTES);
	/* No damage makes a disk blank. */
	promised(disk.unreadable[0] || disk.nonzero);
	promised(disk.unreadable[0] || wipe_token_is_valid(disk.wipe_token));
}

static void check_partition(const struct plan_partition *partition, const struct plan *plan)
{
	promised(partition->offset_bytes < plan->disk_bytes && partition->size_bytes > 0);
	promised(partition->size_bytes <= plan->disk_bytes - partition->offset_bytes);
	promised(memchr(partition->name, '\0', sizeof(partition->name)));
	promised(memchr(partition->uuid, '\0', sizeof(partition->uuid)));
}

static void check_installed(const char *path)
{
	static struct plan plan;
	uint8_t sector[BOOT_SECTOR_BYTES];
	struct error err = FUZZ_NO_ERROR;

	if (installed_disk_read(path, NULL, &plan, sector, &err) < 0) {
		promised(fuzz_error_is_set(&err));
		return;
	}
	promised(plan.partition_count >= 1 && plan.partition_count <= 3);
	promised(plan.root < plan.partition_count);
	promised(plan.partitions[plan.root].role == ROLE_ROOT);
	for (size_t i = 0; i < plan.partition_count; i++)
		check_partition(&plan.partitions[i], &plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct disk_image image;
	static char path[64];
	static int fd = -1;
	uint8_t choice = size_bytes ? data[0] : 0;

	if (fd < 0) {
		fd = memfd_create("disk", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	disk_image_begin(&image, choice);
	if (size_bytes)
		disk_image_damage(&image, data + 1, size_bytes - 1);
	if (choice & DISK_CHECKSUMS)
		disk_image_correct(&image);
	disk_image_write(&image, fd);
	check_probe(path, image.sector_bytes);
	check_installed(path);
	return 0;
}
