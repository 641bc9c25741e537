/* SPDX-License-Identifier: MIT */
/*
 * bytes — properties of byte strings in records of fixed size.
 *
 * Pure. Header only.
 *
 * Tested by: tests/unit/test_install_mark.c, tests/unit/test_embedded.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether all of the bytes are zero; true for none. */
static inline bool bytes_are_zero(const void *data, size_t size_bytes)
{
	const unsigned char *byte = data;

	for (size_t i = 0; i < size_bytes; i++)
		if (byte[i])
			return false;
	return true;
}
