/* SPDX-License-Identifier: MIT */
/* nar_strings — the strings of a Nix archive as items of mutate.h: size, content, zeros up to
 * eight. */
#pragma once

#include "base/littleendian.h"
#include "mutate.h"

#define NAR_WORD_BYTES 8

static inline int take_nar_string(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	uint64_t length = *size_bytes < NAR_WORD_BYTES ? UINT64_MAX : get_le64(*data);
	size_t padded;

	if (length > *size_bytes)
		return 0;
	padded = NAR_WORD_BYTES +
		 ((size_t)length + NAR_WORD_BYTES - 1) / NAR_WORD_BYTES * NAR_WORD_BYTES;
	if (padded > *size_bytes)
		return 0;
	*ret = (struct fuzz_item){ *data + NAR_WORD_BYTES, (size_t)length };
	*data += padded;
	*size_bytes -= padded;
	return 1;
}

static inline size_t put_nar_string(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	uint64_t length = htole64(item->size_bytes);
	size_t padded = NAR_WORD_BYTES +
			(item->size_bytes + NAR_WORD_BYTES - 1) / NAR_WORD_BYTES * NAR_WORD_BYTES;

	if (padded > room_bytes)
		return 0;
	memset(ret, 0, padded);
	memcpy(ret, &length, sizeof(length));
	if (item->size_bytes)
		memcpy(ret + NAR_WORD_BYTES, item->data, item->size_bytes);
	return padded;
}

#define FUZZ_NAR_STRINGS ((const struct fuzz_format){ take_nar_string, put_nar_string })
