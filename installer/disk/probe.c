/* SPDX-License-Identifier: MIT */
#include "disk/probe.h"
#include "base/units.h"
#include "disk/wipe_token.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/blank.h"
#include "disk/names.h"

#define BLKID_SECTOR 512 /* libblkid's unit, whatever the disk's sectors are */
#define SEVERAL	     "several signatures"
/* No disk holds more signatures; a wipe that changes nothing has to end, too. */
#define WIPE_ROUNDS_MAX 256

/* Where partitions begin by default: behind the 63 sectors of a track (MS-DOS), at 1 MiB
 * (everything since 2008), at 2 MiB (old LVM and cloud images). The starts of our own layouts are
 * added to these. */
static const uint64_t usual_starts[] = {
	63 * SECTOR_BYTES,
	MBR_ROOT_OFFSET_BYTES,
	GPT_ESP_OFFSET_BYTES,
	3 * MIB,
	4 * MIB,
	GPT_ROOT_OFFSET_BYTES,
};

_Static_assert(
	sizeof(usual_starts) / sizeof(usual_starts[0]) <= DISK_STARTS_MAX, "every start has room");

/* What blkid_do_safeprobe returns beside 0 (libblkid, "Low-level probing"). */
#define SAFEPROBE_NOTHING 1
#define SAFEPROBE_SEVERAL (-2)

static void free_probe(blkid_probe *pr)
{
	blkid_free_probe(*pr);
}

#define AUTO_PROBE CLEANUP(free_probe)

/* A probe without any of its chains on; 0, 0 is the whole. Aborts when out of memory. */
static int new_probe(
	int fd, uint64_t offset_bytes, uint64_t size_bytes, unsigned sector_bytes, blkid_probe *ret)
{
	blkid_probe pr = blkid_new_probe();

	if (!pr)
		abort();
	errno = 0;
	if (blkid_probe_set_device(pr, fd, (blkid_loff_t)offset_bytes, (blkid_loff_t)size_bytes) <
		0) {
		int r = errno ? -errno : -EIO;

		blkid_free_probe(pr);
		return r;
	}
	/* An image file cannot be asked for its sectors, and a GPT's place depends on them. */
	if (sector_bytes && sector_bytes != SECTOR_BYTES)
		blkid_probe_set_sectorsize(pr, sector_bytes);
	blkid_probe_enable_superblocks(pr, 0);
	blkid_probe_enable_partitions(pr, 0);
	*ret = pr;
	return 0;
}

static void copy_value(blkid_probe pr, const char *name, char *ret, size_t ret_bytes)
{
	const char *value;

	ret[0] = '\0';
	if (blkid_probe_lookup_value(pr, name, &value, NULL) == 0)
		snprintf(ret, ret_bytes, "%s", value);
}

/* What lies at one place, without looking for partition tables. */
static int probe_superblock(int fd, uint64_t offset_bytes, uint64_t size_bytes,
	unsigned sector_bytes, struct probe_result *ret)
{
	AUTO_PROBE blkid_probe pr = NULL;
	int r = new_probe(fd, offset_bytes, size_bytes, sector_bytes, &pr);

	if (r < 0)
		return r;
	/* A file system with a wrong checksum still holds data. */
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr,
		BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_BADCSUM);
	memset(ret, 0, sizeof(*ret));
	errno = 0;
	r = blkid_do_safeprobe(pr);
	if (r == SAFEPROBE_NOTHING)
		return 0;
	if (r == SAFEPROBE_SEVERAL) {
		snprintf(ret->type, sizeof(ret->type), SEVERAL);
		return 0;
	}
	if (r < 0)
		return errno ? -errno : -EIO;
	copy_value(pr, "TYPE", ret->type, sizeof(ret->type));
	copy_value(pr, "LABEL", ret->label, sizeof(ret->label));
	copy_value(pr, "LABEL_FATBOOT", ret->boot_label, sizeof(ret->boot_label));
	copy_value(pr, "UUID", ret->uuid, sizeof(ret->uuid));
	return 0;
}

static void add_found_label(struct disk *disk, const char *where, uint64_t offset_bytes,
	const struct probe_result *found)
{
	struct disk_label *label = &disk->labels[disk->label_count];

	if (!found->type[0] || disk->label_count == DISK_LABELS_MAX)
		return;
	snprintf(label->where, sizeof(label->where), "%s", where);
	memcpy(label->label, found->label, sizeof(label->label));
	memcpy(label->uuid, found->uuid, sizeof(label->uuid));
	label->offset_bytes = offset_bytes;
	disk->label_count++;
}

/* The labels inside the partitions, read at their offsets: the kernel need not know them. A
 * partition that cannot be read (it may reach beyond the disk's end) has none. */
static void probe_partitions(int fd, struct disk *disk, blkid_partlist list)
{
	int count = blkid_partlist_numof_partitions(list);

	for (int i = 0; i < count; i++) {
		blkid_partition part = blkid_partlist_get_partition(list, i);
		uint64_t offset_bytes = (uint64_t)blkid_partition_get_start(part) * BLKID_SECTOR;
		uint64_t size_bytes = (uint64_t)blkid_partition_get_size(part) * BLKID_SECTOR;
		struct probe_result found;
		char where[DISK_TEXT_BYTES];

		if (size_bytes == 0 || offset_bytes >= disk->size_bytes)
			continue;
		if (probe_superblock(fd, offset_bytes, size_bytes, disk->sector_bytes, &found) < 0)
			continue;
		names_of_partition(disk->name, (unsigned)blkid_partition_get_partno(part), where,
			sizeof(where));
		add_found_label(disk, where, offset_bytes, &found);
	}
}

/* The partition table, a backup GPT included, and what its partitions hold. */
static int probe_table(int fd, struct disk *disk)
{
	AUTO_PROBE blkid_probe pr = NULL;
	blkid_partlist list;
	int r = new_probe(fd, 0, disk->size_bytes, disk->sector_bytes, &pr);

	if (r < 0)
		return r;
	blkid_probe_enable_partitions(pr, 1);
	blkid_probe_set_partitions_flags(pr, BLKID_PARTS_FORCE_GPT);
	errno = 0;
	r = blkid_do_safeprobe(pr);
	if (r == SAFEPROBE_NOTHING)
		return 0;
	if (r == SAFEPROBE_SEVERAL) {
		snprintf(disk->table, sizeof(disk->table), SEVERAL);
		return 0;
	}
	if (r < 0)
		return errno ? -errno : -EIO;
	copy_value(pr, "PTTYPE", disk->table, sizeof(disk->table));
	copy_value(pr, "PTUUID", disk->table_id, sizeof(disk->table_id));
	list = blkid_probe_get_partitions(pr);
	if (list)
		probe_partitions(fd, disk, list);
	return 0;
}

/* The file systems of a disk that has lost its table. A place that cannot be read has none: what
 * matters of it has been read by blank_find_data. */
static void probe_starts(int fd, struct disk *disk)
{
	for (size_t i = 0; i < sizeof(usual_starts) / sizeof(usual_starts[0]); i++) {
		struct disk_start *start = &disk->starts[disk->start_count];
		uint64_t offset = usual_starts[i];
		struct probe_result found;

		if (offset >= disk->size_bytes ||
			probe_superblock(fd, offset, disk->size_bytes - offset, disk->sector_bytes,
				&found) < 0 ||
			!found.type[0])
			continue;
		snprintf(start->type, sizeof(start->type), "%s", found.type);
		memcpy(start->label, found.label, sizeof(start->label));
		memcpy(start->uuid, found.uuid, sizeof(start->uuid));
		start->offset_bytes = offset;
		disk->start_count++;
	}
}

static int probe_marks(int fd, struct disk *disk, struct error *err)
{
	for (int layout = LAYOUT_AUTO + 1; layout < LAYOUT_COUNT; layout++) {
		uint64_t offset_bytes = layout_root_offset_bytes((enum layout)layout);
		int r;

		disk->marks[layout].state = MARK_NONE;
		if (disk->size_bytes < offset_bytes + MARK_BYTES)
			continue;
		r = install_mark_read(fd, offset_bytes, &disk->marks[layout], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int probe_open(int fd, struct disk *disk)
{
	struct probe_result whole;
	struct error ignored;
	int r = probe_superblock(fd, 0, disk->size_bytes, disk->sector_bytes, &whole);

	if (r < 0)
		return r;
	snprintf(disk->signature, sizeof(disk->signature), "%s", whole.type);
	add_found_label(disk, disk->name, 0, &whole);
	r = probe_table(fd, disk);
	if (r < 0)
		return r;
	r = blank_find_data(fd, disk->size_bytes, &disk->nonzero_offset_bytes);
	if (r < 0)
		return r;
	disk->nonzero = r == 1;
	if (!disk->table[0] && !disk->signature[0])
		probe_starts(fd, disk);
	r = probe_marks(fd, disk, &ignored);
	if (r < 0)
		return r;
	if (disk->nonzero || disk->table[0] || disk->signature[0])
		wipe_token_read(fd, disk);
	return 0;
}

int probe_content(struct disk *disk, struct error *err)
{
	AUTO_CLOSE int fd = open(disk->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;

	(void)err; /* an unreadable disk is no error of the probe: classify excludes it */
	disk->table[0] = disk->table_id[0] = disk->signature[0] = disk->unreadable[0] = '\0';
	disk->nonzero = false;
	disk->wipe_token[0] = '\0';
	disk->label_count = disk->start_count = 0;
	memset(disk->marks, 0, sizeof(disk->marks));
	if (r == 0 && disk->size_bytes > 0)
		r = probe_open(fd, disk);
	if (r < 0)
		snprintf(disk->unreadable, sizeof(disk->unreadable), "%s", strerror(-r));
	return 0;
}

int probe_file_system(const char *path, uint64_t offset_bytes, uint64_t size_bytes,
	struct probe_result *ret, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct probe_result found;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	r = probe_superblock(fd, offset_bytes, size_bytes, 0, &found);
	if (r < 0)
		return error_errno(err, r, "look for a file system on %s", path);
	*ret = found;
	return 0;
}

/* 1 if the table has a partition there, 0, or -errno. */
static int find_partition(
	int fd, uint64_t offset_bytes, unsigned sector_bytes, struct probe_partition *ret)
{
	AUTO_PROBE blkid_probe pr = NULL;
	blkid_partlist list;
	int r = new_probe(fd, 0, 0, sector_bytes, &pr);

	if (r < 0)
		return r;
	blkid_probe_enable_partitions(pr, 1);
	list = blkid_probe_get_partitions(pr);
	for (int i = 0; list && i < blkid_partlist_numof_partitions(list); i++) {
		blkid_partition part = blkid_partlist_get_partition(list, i);
		const char *name = blkid_partition_get_name(part);
		const char *uuid = blkid_partition_get_uuid(part);

		if ((uint64_t)blkid_partition_get_start(part) * BLKID_SECTOR != offset_bytes)
			continue;
		snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
		snprintf(ret->uuid, sizeof(ret->uuid), "%s", uuid ? uuid : "");
		ret->size_bytes = (uint64_t)blkid_partition_get_size(part) * BLKID_SECTOR;
		return 1;
	}
	return 0;
}

int probe_partition(
	const char *path, uint64_t offset_bytes, struct probe_partition *ret, struct error *err)
{
	static const unsigned sectors[] = { SECTOR_BYTES, 4096 };
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	*ret = (struct probe_partition){ 0 };
	for (size_t i = 0; r == 0 && i < sizeof(sectors) / sizeof(sectors[0]); i++)
		r = find_partition(fd, offset_bytes, sectors[i], ret);
	if (r < 0)
		return error_errno(err, r, "read the partition table of %s", path);
	return 0;
}

int probe_wipe(int fd, uint64_t offset_bytes, uint64_t size_bytes, struct error *err)
{
	AUTO_PROBE blkid_probe pr = NULL;
	int r = new_probe(fd, offset_bytes, size_bytes, 0, &pr);

	if (r < 0)
		return error_errno(err, r, "look for old signatures");
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(
		pr, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(pr, 1);
	blkid_probe_set_partitions_flags(pr, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
	for (int i = 0; i < WIPE_ROUNDS_MAX; i++) {
		errno = 0;
		r = blkid_do_probe(pr);
		if (r > 0)
			return 0;
		if (r < 0 || blkid_do_wipe(pr, 0) < 0)
			return error_errno(err, errno ? -errno : -EIO, "erase an old signature");
	}
	return error_set(err, -EIO, "the disk's old signatures come back after they were erased");
}
