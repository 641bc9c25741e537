/* SPDX-License-Identifier: MIT */
/* Any bytes as the mark in a file system's boot block, as they are and with a checksum that is
 * right. */
#include "disk/install_mark.h"
#include "base/crc32.h"
#include "base/littleendian.h"
#include "fuzz.h"

#define CHECKSUM_OFFSET (MARK_BYTES - 4)

/* What is read is the same after it was written. A mark of version 1, which has no UUID, is never
 * written. */
static void check_block(const uint8_t block[MARK_BYTES])
{
	struct install_mark mark, again;
	uint8_t written[MARK_BYTES];

	install_mark_decode(block, &mark);
	promised(memchr(mark.system, '\0', sizeof(mark.system)));
	promised(memchr(mark.table_id, '\0', sizeof(mark.table_id)));
	promised(memchr(mark.fs_uuid, '\0', sizeof(mark.fs_uuid)));
	if (mark.state == MARK_NONE || mark.state == MARK_DAMAGED || !mark.fs_uuid[0])
		return;
	install_mark_encode(&mark, written);
	install_mark_decode(written, &again);
	promised(mark.state == again.state && strcmp(mark.system, again.system) == 0);
	promised(strcmp(mark.fs_uuid, again.fs_uuid) == 0 && mark.start == again.start);
	promised(mark.start_superblock == again.start_superblock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	uint8_t block[MARK_BYTES] = { 0 };

	memcpy(block, data, size_bytes < MARK_BYTES ? size_bytes : MARK_BYTES);
	check_block(block);
	put_le32(block + CHECKSUM_OFFSET, crc32_ieee(block, CHECKSUM_OFFSET));
	check_block(block);
	return 0;
}
