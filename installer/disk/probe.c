/* SPDX-License-Identifier: MIT */
#include "disk/probe.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/names.h"

#define PIECE_BYTES  (64ULL * 1024)
#define PIECE_COUNT  64
#define SECTOR_BYTES 512
#define BLKID_SECTOR 512 /* libblkid's unit, whatever the disk's sectors are */
#define SEVERAL	     "several signatures"
/* No disk holds more signatures; a wipe that changes nothing has to end, too. */
#define WIPE_ROUNDS_MAX 256

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
	/* A file system with a wrong checksum is somebody's data, too. */
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
	copy_value(pr, "UUID", ret->uuid, sizeof(ret->uuid));
	return 0;
}

static void add_found_label(struct disk *disk, const char *where, const struct probe_result *found)
{
	struct disk_label *label = &disk->labels[disk->label_count];

	if (!found->label[0] && !found->uuid[0])
		return;
	if (disk->label_count == DISK_LABELS_MAX)
		return;
	snprintf(label->where, sizeof(label->where), "%s", where);
	memcpy(label->label, found->label, sizeof(label->label));
	memcpy(label->uuid, found->uuid, sizeof(label->uuid));
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
		partition_name(disk->name, (unsigned)blkid_partition_get_partno(part), where,
			sizeof(where));
		add_found_label(disk, where, &found);
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
	list = blkid_probe_get_partitions(pr);
	if (list)
		probe_partitions(fd, disk, list);
	return 0;
}

static bool is_zero_piece(const char *data, size_t size_bytes)
{
	return data[0] == 0 && memcmp(data, data + 1, size_bytes - 1) == 0;
}

/* Looks at [offset, offset + size) for a byte that is not zero. 1 if there is one, whose piece's
 * offset is then in *ret; 0 if not; -errno. */
static int find_nonzero(int fd, uint64_t offset_bytes, uint64_t size_bytes, uint64_t *ret)
{
	AUTO_FREE char *piece = must_realloc(NULL, 1, PIECE_BYTES);
	uint64_t end = offset_bytes + size_bytes;

	while (offset_bytes < end) {
		size_t wanted = end - offset_bytes < PIECE_BYTES ? end - offset_bytes : PIECE_BYTES;
		ssize_t n = file_read_at(fd, piece, wanted, offset_bytes);

		if (n < 0)
			return (int)n;
		if ((size_t)n < wanted)
			return -EIO; /* ends before the size it has told */
		if (!is_zero_piece(piece, (size_t)n)) {
			for (ssize_t i = 0; piece[i] == 0; i++)
				offset_bytes++;
			*ret = offset_bytes;
			return 1;
		}
		offset_bytes += (uint64_t)n;
	}
	return 0;
}

/* The first and the last MiB and the pieces spread evenly between, from low to high offsets. */
static int probe_samples(int fd, struct disk *disk)
{
	uint64_t size = disk->size_bytes, end = size < MIB ? size : MIB;
	int r = find_nonzero(fd, 0, end, &disk->nonzero_offset_bytes);

	for (uint64_t i = 0; r == 0 && size > 2 * MIB && i < PIECE_COUNT; i++) {
		uint64_t span = size - 2 * MIB;
		uint64_t offset = MIB + span / (PIECE_COUNT + 1) * (i + 1);
		uint64_t bytes = size - offset < PIECE_BYTES ? size - offset : PIECE_BYTES;

		r = find_nonzero(fd, offset, bytes, &disk->nonzero_offset_bytes);
	}
	if (r == 0 && size > MIB)
		r = find_nonzero(fd, size - MIB, MIB, &disk->nonzero_offset_bytes);
	if (r < 0)
		return r;
	disk->nonzero = r == 1;
	return 0;
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
	add_found_label(disk, disk->name, &whole);
	r = probe_table(fd, disk);
	if (r < 0)
		return r;
	r = probe_samples(fd, disk);
	if (r < 0)
		return r;
	return probe_marks(fd, disk, &ignored);
}

int probe_content(struct disk *disk, struct error *err)
{
	AUTO_CLOSE int fd = open(disk->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;

	(void)err; /* what cannot be read is a fact about the disk, for select to judge */
	disk->table[0] = disk->signature[0] = disk->unreadable[0] = '\0';
	disk->nonzero = false;
	disk->label_count = 0;
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
