/* SPDX-License-Identifier: MIT */
#include "base/crc32.h"

#include <lzma.h>

uint32_t crc32_ieee(const void *data, size_t size_bytes)
{
	return lzma_crc32(data, size_bytes, 0);
}
