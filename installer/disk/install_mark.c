/* SPDX-License-Identifier: MIT */
#include "disk/install_mark.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/littleendian.h"
#include "base/units.h"

#define MARK_VERSION	  3
#define UNDIVIDED_VERSION 2 /* one checksum of both sectors */
#define NAMELESS_VERSION  1 /* neither table_id nor fs_uuid */
#define STATE_UNFINISHED  1
#define STATE_INSTALLED	  2
#define VERSION_OFFSET	  16
#define STATE_OFFSET	  20
#define SYSTEM_OFFSET	  24
#define TABLE_ID_OFFSET	  (SYSTEM_OFFSET + MARK_SYSTEM_BYTES)
#define FS_UUID_OFFSET	  (TABLE_ID_OFFSET + MARK_ID_BYTES)
#define ZEROS_OFFSET	  (FS_UUID_OFFSET + MARK_ID_BYTES)
#define START_OFFSET	  SECTOR_BYTES
#define SUPERBLOCK_OFFSET (START_OFFSET + 4)
#define END_ZEROS_OFFSET  (SUPERBLOCK_OFFSET + 4)
#define CHECKSUM_OFFSET	  1020 /* of the second sector; before version 3, of both */
#define SECTOR_CHECKSUM	  508  /* of the first sector */

static const char magic[16] = "guest-installer"; /* with its NUL */

static void put_mark_text(uint8_t *field, const char *text, size_t field_bytes)
{
	memcpy(field, text, strnlen(text, field_bytes - 1));
}

static void put_checksum(uint8_t *start, size_t size_bytes)
{
	put_le32(start + size_bytes, crc32_ieee(start, size_bytes));
}

void install_mark_encode(const struct install_mark *mark, uint8_t ret_block[MARK_BYTES])
{
	bool installed = mark->state == MARK_INSTALLED;

	memset(ret_block, 0, MARK_BYTES);
	if (mark->state == MARK_NONE)
		return;
	memcpy(ret_block, magic, sizeof(magic));
	put_le32(ret_block + VERSION_OFFSET, MARK_VERSION);
	put_le32(ret_block + STATE_OFFSET, installed ? STATE_INSTALLED : STATE_UNFINISHED);
	if (installed)
		put_mark_text(ret_block + SYSTEM_OFFSET, mark->system, MARK_SYSTEM_BYTES);
	put_mark_text(ret_block + TABLE_ID_OFFSET, mark->table_id, MARK_ID_BYTES);
	put_mark_text(ret_block + FS_UUID_OFFSET, mark->fs_uuid, MARK_ID_BYTES);
	put_checksum(ret_block, SECTOR_CHECKSUM);
	if (installed && mark->start != MARK_START_NONE) {
		put_le32(ret_block + START_OFFSET, mark->start);
		put_le32(ret_block + SUPERBLOCK_OFFSET, mark->start_superblock);
		put_checksum(ret_block + START_OFFSET, CHECKSUM_OFFSET - START_OFFSET);
	}
}

/* A field that is text followed by NULs alone. */
static bool get_mark_text(const uint8_t *field, size_t field_bytes, char *ret)
{
	const uint8_t *end = memchr(field, 0, field_bytes);

	if (!end || !bytes_are_zero(end, (size_t)(field + field_bytes - end)))
		return false;
	memcpy(ret, field, field_bytes);
	return true;
}

/* Whether the second sector is a start that version 3 has written. */
static bool has_start_checksum(const uint8_t block[MARK_BYTES])
{
	const uint8_t *sector = block + START_OFFSET;

	return get_le32(sector) && get_le32(block + CHECKSUM_OFFSET) ==
					   crc32_ieee(sector, CHECKSUM_OFFSET - START_OFFSET);
}

static bool has_undivided_checksum(const uint8_t block[MARK_BYTES])
{
	return get_le32(block + CHECKSUM_OFFSET) == crc32_ieee(block, CHECKSUM_OFFSET);
}

/* Whether the second sector is that of a record of version 2 whose change to version 3 was torn
 * behind the first sector. The two versions of the first sector differ in the version and its
 * checksum alone. */
static bool has_older_second_sector(const uint8_t block[MARK_BYTES])
{
	uint8_t older[MARK_BYTES];

	memcpy(older, block, MARK_BYTES);
	put_le32(older + VERSION_OFFSET, UNDIVIDED_VERSION);
	put_le32(older + SECTOR_CHECKSUM, 0);
	return has_undivided_checksum(older);
}

/* Whether the record, or of version 3 its first sector, is as it was written. Where a start was
 * added to a record of version 2 and only the second sector was written, that has taken the
 * checksum of the first. It was written only because the first sector was whole, and a sector is
 * never half written. */
static bool has_checksum(const uint8_t block[MARK_BYTES], uint32_t version)
{
	if (version == MARK_VERSION)
		return get_le32(block + SECTOR_CHECKSUM) == crc32_ieee(block, SECTOR_CHECKSUM);
	return bytes_are_zero(block + SECTOR_CHECKSUM, 4) &&
	       (has_undivided_checksum(block) ||
		       (version == UNDIVIDED_VERSION && has_start_checksum(block)));
}

/* The second sector. A start is recorded of a finished install alone. Of an unfinished one the
 * sector is not read: it may be that of the mark before, if a power cut let the disk write only the
 * first. */
static bool get_mark_start(
	const uint8_t block[MARK_BYTES], uint32_t version, struct install_mark *ret)
{
	const uint8_t *sector = block + START_OFFSET;
	uint32_t start = get_le32(sector);

	if (version == MARK_VERSION &&
		(ret->state == MARK_UNFINISHED || bytes_are_zero(sector, SECTOR_BYTES)))
		return true;
	if (version == MARK_VERSION && !has_start_checksum(block) &&
		!has_older_second_sector(block))
		return false;
	if (start > MARK_START_EJECT || (start && ret->state != MARK_INSTALLED) ||
		!bytes_are_zero(block + END_ZEROS_OFFSET, CHECKSUM_OFFSET - END_ZEROS_OFFSET))
		return false;
	ret->start = (enum mark_start)start;
	ret->start_superblock = get_le32(block + SUPERBLOCK_OFFSET);
	return start || !ret->start_superblock;
}

/* An installed system has a path. The ids came with version 2. */
static bool are_fields_consistent(const struct install_mark *mark, uint32_t version)
{
	if (version == NAMELESS_VERSION ? mark->table_id[0] || mark->fs_uuid[0] : !mark->fs_uuid[0])
		return false;
	return (mark->state == MARK_INSTALLED) == (mark->system[0] != '\0');
}

/* The fields of a record whose magic is ours; false if it is not exactly as we write it. */
static bool decode_fields(const uint8_t block[MARK_BYTES], struct install_mark *ret)
{
	uint32_t version = get_le32(block + VERSION_OFFSET);
	uint32_t state = get_le32(block + STATE_OFFSET);

	if (version < NAMELESS_VERSION || version > MARK_VERSION ||
		(state != STATE_UNFINISHED && state != STATE_INSTALLED) ||
		!has_checksum(block, version) ||
		!get_mark_text(block + SYSTEM_OFFSET, MARK_SYSTEM_BYTES, ret->system) ||
		!get_mark_text(block + TABLE_ID_OFFSET, MARK_ID_BYTES, ret->table_id) ||
		!get_mark_text(block + FS_UUID_OFFSET, MARK_ID_BYTES, ret->fs_uuid) ||
		!bytes_are_zero(block + ZEROS_OFFSET, SECTOR_CHECKSUM - ZEROS_OFFSET))
		return false;
	ret->state = state == STATE_INSTALLED ? MARK_INSTALLED : MARK_UNFINISHED;
	return get_mark_start(block, version, ret) && are_fields_consistent(ret, version);
}

void install_mark_decode(const uint8_t block[MARK_BYTES], struct install_mark *ret)
{
	struct install_mark mark = { .state = MARK_NONE };

	if (memcmp(block, magic, sizeof(magic)) == 0 && !decode_fields(block, &mark))
		mark = (struct install_mark){ .state = MARK_DAMAGED };
	*ret = mark;
}

int install_mark_read(int fd, uint64_t offset_bytes, struct install_mark *ret, struct error *err)
{
	uint8_t block[MARK_BYTES] = { 0 };
	/* A disk that ends before the root would begin has no mark. */
	ssize_t n = file_read_at(fd, block, sizeof(block), offset_bytes);

	if (n < 0)
		return error_errno(err, (int)n, "read the mark of an earlier install");
	install_mark_decode(block, ret);
	return 0;
}

int install_mark_write(
	int fd, uint64_t offset_bytes, const struct install_mark *mark, struct error *err)
{
	uint8_t block[MARK_BYTES];
	int r;

	install_mark_encode(mark, block);
	r = file_write_at(fd, block, sizeof(block), offset_bytes);
	if (r < 0)
		return error_errno(err, r, "write the install's mark");
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "sync the install's mark");
	return 0;
}
