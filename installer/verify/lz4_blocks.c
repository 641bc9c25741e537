/* SPDX-License-Identifier: MIT */
#include "verify/lz4_blocks.h"

#include <errno.h>

#include <lz4.h>

#include "base/littleendian.h"

#define WORD_BYTES 4
#define MAGIC	   0x184c2102

/* The number at *data, behind which *data then is. */
static uint32_t take_word(const uint8_t **data, size_t *size_bytes)
{
	uint32_t word = get_le32(*data);

	*data += WORD_BYTES;
	*size_bytes -= WORD_BYTES;
	return word;
}

int lz4_blocks_next(const uint8_t **data, size_t *size_bytes, uint8_t *ret, size_t *ret_bytes)
{
	uint32_t packed = MAGIC;
	int unpacked;

	while (packed == MAGIC) {
		if (*size_bytes == 0)
			return 0;
		if (*size_bytes < WORD_BYTES)
			return -EBADMSG;
		packed = take_word(data, size_bytes);
	}
	if (packed > *size_bytes || packed > LZ4_COMPRESSBOUND(LZ4_BLOCK_BYTES))
		return -EBADMSG;
	unpacked = LZ4_decompress_safe(
		(const char *)*data, (char *)ret, (int)packed, LZ4_BLOCK_BYTES);
	if (unpacked <= 0)
		return -EBADMSG;
	*data += packed;
	*size_bytes -= packed;
	*ret_bytes = (size_t)unpacked;
	return 1;
}
