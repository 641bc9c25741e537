/* SPDX-License-Identifier: MIT */
#include "format/fat.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/littleendian.h"
#include "base/process.h"
#include "disk/layout.h"

#define PROGRAM			 "mkfs.fat"
#define SERIAL_DIGITS		 8
#define FAT_BLOCK_BYTES		 1024 /* in which mkfs.fat takes a size */
#define SMALL_CLUSTERS_MAX_BYTES (260ULL * 1024 * 1024)
#define PATH_BYTES		 512
#define NUMBER_BYTES		 24

/* Of a boot sector. */
#define SECTOR_BYTES_OFFSET 11
#define COPY_OFFSET	    50 /* the sector of the copy */
#define SERIAL_OFFSET	    67
#define TYPE_OFFSET	    82
#define SIGNATURE_OFFSET    510

static int find_mkfs_fat(char ret[PATH_BYTES], struct error *err)
{
	if (process_find_program(PROGRAM, ret, PATH_BYTES) == 0)
		return 0;
	return error_set(err, -ENOENT,
		"A FAT file system is made by " PROGRAM ", which is neither in PATH nor in /sbin: "
		"install dosfstools.");
}

/* A program that lies there may still be of another machine, or want a dynamic loader that an
 * initramfs does not have: only starting it tells. */
int fat_check(struct error *err)
{
	char program[PATH_BYTES];
	const char *argv[] = { program, "--help", NULL };
	const struct process child = { .argv = argv, .quiet = true };
	int r = find_mkfs_fat(program, err);

	if (r < 0)
		return r;
	r = process_run(&child, err);
	if (r < 0) {
		error_wrap(err,
			"%s cannot be started, so no FAT file system can be made: put a statically linked one into the ISO, or install dosfstools",
			program);
		err->code = EXIT_CONFIGURATION;
	}
	return r;
}

/* XXXX-XXXX as the eight digits that mkfs.fat wants. */
static int serial_digits(const char *serial, char ret[SERIAL_DIGITS + 1], struct error *err)
{
	size_t used = 0;

	for (const char *p = serial; *p; p++) {
		if (*p == '-' && used == SERIAL_DIGITS / 2)
			continue;
		if (!isxdigit((unsigned char)*p) || used == SERIAL_DIGITS)
			return error_set(err, -EINVAL, "%s is no FAT serial number", serial);
		ret[used++] = *p;
	}
	if (used != SERIAL_DIGITS)
		return error_set(err, -EINVAL, "%s is no FAT serial number", serial);
	ret[used] = '\0';
	return 0;
}

/* mkfs.fat would choose by the size of the whole disk. On a disk of more than 8 GiB a FAT32 would
 * have less than 65,525 clusters, and some readers, such as mtools, would take it for a FAT16
 * (Microsoft, "FAT: General Overview of On-Disk Format", "FAT Type Determination"). This is its
 * choice for a disk that is as large as the partition. */
static unsigned sectors_per_cluster(const struct fat_request *request)
{
	unsigned bytes = request->size_bytes > SMALL_CLUSTERS_MAX_BYTES ? 4096 : 512;

	return bytes > request->sector_bytes ? bytes / request->sector_bytes : 1;
}

int fat_make(const struct fat_request *request, struct error *err)
{
	char program[PATH_BYTES], serial[SERIAL_DIGITS + 1], cluster[NUMBER_BYTES];
	char sector[NUMBER_BYTES], offset[NUMBER_BYTES], blocks[NUMBER_BYTES];
	/* --invariant fixes the label's date, so that the same plan gives the same bytes; it also
	 * sets a serial number, which -i behind it replaces. */
	const char *argv[] = { program, "--invariant", "-F", "32", "-n", request->label, "-i",
		serial, "-S", sector, "-s", cluster, "--offset", offset, request->path, blocks,
		NULL };
	/* Quiet: it warns that the partition is smaller than the rest of the disk behind the offset. */
	const struct process child = { .argv = argv, .quiet = true };
	int r = find_mkfs_fat(program, err);

	if (r == 0)
		r = serial_digits(request->serial, serial, err);
	if (r == 0) {
		snprintf(sector, sizeof(sector), "%u", request->sector_bytes);
		snprintf(cluster, sizeof(cluster), "%u", sectors_per_cluster(request));
		snprintf(offset, sizeof(offset), "%llu",
			(unsigned long long)(request->offset_bytes / request->sector_bytes));
		snprintf(blocks, sizeof(blocks), "%llu",
			(unsigned long long)(request->size_bytes / FAT_BLOCK_BYTES));
		r = process_run(&child, err);
	}
	if (r < 0)
		error_wrap(err, "FAT file system on %s", request->path);
	return r;
}

/* -------------------------------------------------------- another serial number */

static bool is_fat32(const uint8_t sector[BOOT_SECTOR_BYTES])
{
	return sector[SIGNATURE_OFFSET] == 0x55 && sector[SIGNATURE_OFFSET + 1] == 0xaa &&
	       memcmp(sector + TYPE_OFFSET, "FAT32   ", 8) == 0;
}

/* Changes the serial number of one boot sector; ret_sector: what is there then. */
static int change_serial(int fd, uint64_t offset_bytes, uint32_t serial,
	uint8_t ret_sector[BOOT_SECTOR_BYTES], struct error *err)
{
	int r;

	if (file_read_at(fd, ret_sector, BOOT_SECTOR_BYTES, offset_bytes) != BOOT_SECTOR_BYTES ||
		!is_fat32(ret_sector))
		return error_set(err, -EINVAL, "there is no FAT32 file system");
	put_le32(ret_sector + SERIAL_OFFSET, serial);
	r = file_write_at(fd, ret_sector, BOOT_SECTOR_BYTES, offset_bytes);
	return r < 0 ? error_errno(err, r, "write the serial number of a FAT file system") : 0;
}

int fat_set_serial(int fd, uint64_t offset_bytes, const char *serial, struct error *err)
{
	uint8_t sector[BOOT_SECTOR_BYTES];
	char digits[SERIAL_DIGITS + 1];
	uint32_t number;
	unsigned sector_bytes, copy;
	int r = serial_digits(serial, digits, err);

	if (r < 0)
		return r;
	number = (uint32_t)strtoul(digits, NULL, 16);
	r = change_serial(fd, offset_bytes, number, sector, err);
	if (r < 0)
		return r;
	sector_bytes = get_le16(sector + SECTOR_BYTES_OFFSET);
	copy = get_le16(sector + COPY_OFFSET);
	/* 0 and 0xffff: there is no copy. */
	if (copy == 0 || copy == 0xffff)
		return 0;
	return change_serial(fd, offset_bytes + (uint64_t)copy * sector_bytes, number, sector, err);
}
