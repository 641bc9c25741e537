/* SPDX-License-Identifier: MIT */
/*
 * probe — finds tables, file systems and data on a disk, by libblkid (the only file that includes
 * it) and by blank.
 *
 * It reports what it found and does not judge: classify does. Only probe_wipe writes.
 *
 * Tested by: tests/loop/probe.sh, tests/fuzz/disk_image.c.
 */
#pragma once

#include "base/error.h"
#include "disk/disk.h"

/* Fills in table, signature, labels, starts, nonzero and marks of the disk whose path and size are
 * set. Partition tables include a backup GPT (BLKID_PARTS_FORCE_GPT). labels: of the whole disk and
 * of every partition, read at its offset in the table, so no partition nodes are needed. starts:
 * file systems where partitions usually begin, for a disk that has lost its table. A disk that
 * cannot be read is no error: it gets `unreadable`. */
int probe_content(struct disk *disk, struct error *err) WARN_UNUSED;

/* Type ("vfat", "iso9660", "ext4"…) and label of a device or of the file system at offset_bytes
 * with size_bytes (0, 0: the whole). Empty strings if there is none. */
struct probe_result {
	char type[32];
	char label[DISK_TEXT_BYTES];
	char boot_label[DISK_TEXT_BYTES]; /* of FAT, that in the boot sector */
	char uuid[DISK_TEXT_BYTES];
};
int probe_file_system(const char *path, uint64_t offset_bytes, uint64_t size_bytes,
	struct probe_result *ret, struct error *err) WARN_UNUSED;

/* What the partition table says of the partition that begins at offset_bytes: its name (GPT), its
 * UUID (of an MBR, the disk's id and the number) and its size. Empty strings and 0 if there is
 * none. The table of an image file may count in sectors of 512 or 4,096 bytes. */
struct probe_partition {
	char name[37];
	char uuid[37];
	uint64_t size_bytes;
};
int probe_partition(const char *path, uint64_t offset_bytes, struct probe_partition *ret,
	struct error *err) WARN_UNUSED;

/* Erases every signature that libblkid knows on the open disk, and the backup GPT. */
int probe_wipe(int fd, uint64_t offset_bytes, uint64_t size_bytes, struct error *err) WARN_UNUSED;
