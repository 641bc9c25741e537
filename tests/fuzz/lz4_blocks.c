/* SPDX-License-Identifier: MIT */
/* Any bytes as the blocks of an LZ4 stream of a kernel, with and without its magic number before
 * them. */
#include "verify/lz4_blocks.h"
#include "base/littleendian.h"
#include "mutate.h"

#define MAGIC	   0x184c2102
#define WORD_BYTES 4

/* A block is an item: its size, and so much packed data. */
static int take_block(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	uint32_t packed = *size_bytes < WORD_BYTES ? 0 : get_le32(*data);

	if (*size_bytes < WORD_BYTES || packed > *size_bytes - WORD_BYTES)
		return 0;
	*ret = (struct fuzz_item){ *data + WORD_BYTES, packed };
	*data += WORD_BYTES + packed;
	*size_bytes -= WORD_BYTES + packed;
	return 1;
}

static size_t put_block(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	if (room_bytes < WORD_BYTES || room_bytes - WORD_BYTES < item->size_bytes)
		return 0;
	put_le32(ret, (uint32_t)item->size_bytes);
	if (item->size_bytes)
		memcpy(ret + WORD_BYTES, item->data, item->size_bytes);
	return WORD_BYTES + item->size_bytes;
}

static const struct fuzz_format blocks = { take_block, put_block };
FUZZ_MUTATE_ITEMS(blocks);

static void unpack_all(const uint8_t *data, size_t size_bytes)
{
	static uint8_t unpacked[LZ4_BLOCK_BYTES];
	const uint8_t *end = data + size_bytes;
	size_t unpacked_bytes;
	int r;

	do {
		size_t before_bytes = size_bytes;

		r = lz4_blocks_next(&data, &size_bytes, unpacked, &unpacked_bytes);
		promised(r < 0 || data + size_bytes == end);
		promised(r < 1 || (size_bytes < before_bytes && unpacked_bytes > 0 &&
					  unpacked_bytes <= sizeof(unpacked)));
	} while (r == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE uint8_t *stream = must_realloc(NULL, WORD_BYTES + size_bytes, 1);

	put_le32(stream, MAGIC);
	if (size_bytes)
		memcpy(stream + WORD_BYTES, data, size_bytes);
	unpack_all(stream + WORD_BYTES, size_bytes);
	unpack_all(stream, WORD_BYTES + size_bytes);
	return 0;
}
