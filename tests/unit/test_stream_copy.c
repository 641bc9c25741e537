/* SPDX-License-Identifier: MIT */
/* Exercises stream_copy: each alignment of both sides, with sizes around what it treats
 * differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/stream_copy.h"

#define LINE_BYTES     64
#define SIZE_MAX_BYTES 1400
#define MARK	       0xa5

static void copies(size_t to, size_t from, size_t size_bytes)
{
	static uint8_t source[LINE_BYTES + SIZE_MAX_BYTES];
	static _Alignas(LINE_BYTES) uint8_t place[LINE_BYTES + SIZE_MAX_BYTES + LINE_BYTES];

	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)(i * 7 + i / 256);
	memset(place, MARK, sizeof(place));
	stream_copy(place + to, source + from, size_bytes);
	assert_memory_equal(place + to, source + from, size_bytes);
	for (size_t i = 0; i < sizeof(place); i++)
		if (i < to || i >= to + size_bytes)
			assert_int_equal(place[i], MARK);
}

static void every_alignment_is_copied(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 511, 512, 513, 575, 576, 577, 1023,
		1400 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t to = 0; to < LINE_BYTES; to++)
			for (size_t from = 0; from < LINE_BYTES; from += 9)
				copies(to, from, sizes[i]);
}

static void sizes_between_are_copied(void **state)
{
	(void)state;
	for (size_t size_bytes = 0; size_bytes <= SIZE_MAX_BYTES; size_bytes++)
		copies(size_bytes % LINE_BYTES, size_bytes % 13, size_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alignment_is_copied),
		cmocka_unit_test(sizes_between_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
