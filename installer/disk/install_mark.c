/* SPDX-License-Identifier: MIT */
#include "disk/install_mark.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/littleendian.h"

#define MARK_VERSION	  1
#define STATE_UNFINISHED  1
#define STATE_INSTALLED	  2
#define VERSION_OFFSET	  16
#define STATE_OFFSET	  20
#define SYSTEM_OFFSET	  24
#define SYSTEM_END_OFFSET (SYSTEM_OFFSET + MARK_SYSTEM_BYTES)
#define CHECKSUM_OFFSET	  1020

static const char magic[16] = "guest-installer"; /* with its NUL */

/* CRC-32 of IEEE 802.3: reflected polynomial 0xedb88320. */
static uint32_t crc32_ieee(const uint8_t *data, size_t size_bytes)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size_bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool is_zero_block(const uint8_t *from, const uint8_t *end)
{
	while (from < end)
		if (*from++)
			return false;
	return true;
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
		memcpy(ret_block + SYSTEM_OFFSET, mark->system,
			strnlen(mark->system, MARK_SYSTEM_BYTES - 1));
	put_le32(ret_block + CHECKSUM_OFFSET, crc32_ieee(ret_block, CHECKSUM_OFFSET));
}

/* The state of a record whose magic is ours. */
static enum install_mark_state decode_state(const uint8_t block[MARK_BYTES])
{
	const uint8_t *system = block + SYSTEM_OFFSET;
	const uint8_t *system_end = memchr(system, 0, MARK_SYSTEM_BYTES);
	uint32_t state = get_le32(block + STATE_OFFSET);

	if (get_le32(block + CHECKSUM_OFFSET) != crc32_ieee(block, CHECKSUM_OFFSET) ||
		get_le32(block + VERSION_OFFSET) != MARK_VERSION || !system_end ||
		!is_zero_block(system_end, block + CHECKSUM_OFFSET))
		return MARK_DAMAGED;
	if (state == STATE_UNFINISHED && system_end == system)
		return MARK_UNFINISHED;
	if (state == STATE_INSTALLED && system_end > system)
		return MARK_INSTALLED;
	return MARK_DAMAGED;
}

void install_mark_decode(const uint8_t block[MARK_BYTES], struct install_mark *ret)
{
	struct install_mark mark = { .state = MARK_NONE };

	if (memcmp(block, magic, sizeof(magic)) == 0)
		mark.state = decode_state(block);
	if (mark.state == MARK_INSTALLED)
		memcpy(mark.system, block + SYSTEM_OFFSET, MARK_SYSTEM_BYTES);
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
