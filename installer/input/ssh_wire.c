/* SPDX-License-Identifier: MIT */
#include "input/ssh_wire.h"

#include <errno.h>

int ssh_wire_take_uint32(const uint8_t **blob, size_t *left, uint32_t *ret)
{
	const uint8_t *p = *blob;

	if (*left < 4)
		return -EINVAL;
	*ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*blob += 4;
	*left -= 4;
	return 0;
}

int ssh_wire_take_string(const uint8_t **blob, size_t *left, const uint8_t **ret, size_t *ret_bytes)
{
	uint32_t length;
	int r = ssh_wire_take_uint32(blob, left, &length);

	if (r < 0 || length > *left)
		return -EINVAL;
	*ret = *blob;
	*ret_bytes = length;
	*blob += length;
	*left -= length;
	return 0;
}
