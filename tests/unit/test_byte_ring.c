/* SPDX-License-Identifier: MIT */
/* Exercises byte_ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/byte_ring.h"

static void write_text(struct byte_ring *ring, const char *text)
{
	assert_true(byte_ring_space(ring) >= strlen(text));
	byte_ring_copy(ring, (const uint8_t *)text, strlen(text));
	byte_ring_written(ring, strlen(text));
}

/* The next piece is text; it is read. */
static void read_text(struct byte_ring *ring, const char *text)
{
	size_t size_bytes;
	const uint8_t *bytes = byte_ring_next(ring, &size_bytes);

	assert_int_equal(size_bytes, strlen(text));
	assert_memory_equal(bytes, text, size_bytes);
	byte_ring_read(ring, size_bytes);
}

static void a_new_ring_has_space_and_nothing_to_read(void **state)
{
	struct byte_ring ring;

	(void)state;
	byte_ring_init(&ring, 8);
	assert_int_equal(byte_ring_space(&ring), 8);
	read_text(&ring, "");
	byte_ring_free(&ring);
	assert_null(ring.bytes);
}

static void a_full_ring_has_no_space_until_it_is_read(void **state)
{
	struct byte_ring ring;

	(void)state;
	byte_ring_init(&ring, 8);
	write_text(&ring, "12345678");
	assert_int_equal(byte_ring_space(&ring), 0);
	read_text(&ring, "12345678");
	assert_int_equal(byte_ring_space(&ring), 8);
	byte_ring_free(&ring);
}

static void bytes_that_are_not_counted_are_not_read(void **state)
{
	struct byte_ring ring;

	(void)state;
	byte_ring_init(&ring, 8);
	byte_ring_copy(&ring, (const uint8_t *)"123", 3);
	read_text(&ring, "");
	byte_ring_written(&ring, 3);
	read_text(&ring, "123");
	byte_ring_free(&ring);
}

static void bytes_behind_the_end_are_read_in_a_second_piece(void **state)
{
	struct byte_ring ring;

	(void)state;
	byte_ring_init(&ring, 8);
	write_text(&ring, "12345");
	read_text(&ring, "12345");
	write_text(&ring, "abcdefg");
	assert_int_equal(byte_ring_space(&ring), 1);
	read_text(&ring, "abc");
	read_text(&ring, "defg");
	byte_ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_has_space_and_nothing_to_read),
		cmocka_unit_test(a_full_ring_has_no_space_until_it_is_read),
		cmocka_unit_test(bytes_that_are_not_counted_are_not_read),
		cmocka_unit_test(bytes_behind_the_end_are_read_in_a_second_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
