/* SPDX-License-Identifier: MIT */
#include "base/stream_copy.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

#define LINE_BYTES  ((size_t)64)
#define LEAST_BYTES ((size_t)512) /* below, filling the lines at both ends costs more than is won */

/* Copies a cache line; its place is aligned to 16 bytes. */
static void store_line(__m128i *to, const __m128i *from)
{
	const __m128i parts[] = {
		_mm_loadu_si128(from),
		_mm_loadu_si128(from + 1),
		_mm_loadu_si128(from + 2),
		_mm_loadu_si128(from + 3),
	};

	for (size_t i = 0; i < LINE_BYTES / sizeof(*to); i++)
		_mm_stream_si128(to + i, parts[i]);
}

static void copy_past_caches(uint8_t *to, const uint8_t *from, size_t size_bytes)
{
	size_t head_bytes = -(uintptr_t)to % LINE_BYTES;

	memcpy(to, from, head_bytes);
	to += head_bytes;
	from += head_bytes;
	size_bytes -= head_bytes;
	for (; size_bytes >= LINE_BYTES; size_bytes -= LINE_BYTES) {
		store_line((__m128i *)to, (const __m128i *)from);
		to += LINE_BYTES;
		from += LINE_BYTES;
	}
	memcpy(to, from, size_bytes);
	_mm_sfence();
}

#endif

void stream_copy(void *to, const void *from, size_t size_bytes)
{
#ifdef __SSE2__
	if (size_bytes >= LEAST_BYTES) {
		copy_past_caches(to, from, size_bytes);
		return;
	}
#endif
	memcpy(to, from, size_bytes);
}
