/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_header.h"

static void a_content_range_is_taken_apart(void **state)
{
	struct content_range range;

	(void)state;
	assert_int_equal(http_header_content_range("bytes 500-999/8000", &range), 0);
	assert_int_equal(range.first_byte, 500);
	assert_int_equal(range.last_byte, 999);
	assert_int_equal(range.total_bytes, 8000);
	assert_int_equal(http_header_content_range("bytes 0-0/*", &range), 0);
	assert_int_equal(range.total_bytes, -1);
}

static void a_content_range_that_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = { "", "bytes", "bytes ", "bytes */500", "bytes 5-4/10",
		"bytes 0-9/9", "bytes 0-9/", "bytes 0-9", "bytes 0-9/10 ", "bytes -5-9/10",
		"bytes 0-99999999999999999999/*", "items 0-9/10", "bytes 0-9/10,20-29/30",
		"bytes  0-9/10", "bytes 0-9/-10" };
	struct content_range range;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (http_header_content_range(bad[i], &range) == 0)
			fail_msg("'%s' is accepted", bad[i]);
}

static void the_whole_length_of_a_missing_part_is_read(void **state)
{
	static const char *const bad[] = { "", "bytes */", "bytes */*", "bytes */5 ", "bytes */-5",
		"bytes 0-4/5", "items */5", "bytes */99999999999999999999" };
	int64_t total = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (http_header_whole_length(bad[i], &total) == 0)
			fail_msg("'%s' is accepted", bad[i]);
	assert_int_equal(total, -1);
	assert_int_equal(http_header_whole_length("bytes */500", &total), 0);
	assert_int_equal(total, 500);
}

static void weak_and_bare_etags_prove_nothing(void **state)
{
	(void)state;
	assert_true(http_header_is_strong_etag("\"5f-1a2b\""));
	assert_true(http_header_is_strong_etag("\"\""));
	assert_false(http_header_is_strong_etag("W/\"5f-1a2b\""));
	assert_false(http_header_is_strong_etag("5f-1a2b"));
	assert_false(http_header_is_strong_etag("\""));
	assert_false(http_header_is_strong_etag(""));
	assert_false(http_header_is_strong_etag("\"a\"b\""));
	assert_false(http_header_is_strong_etag("\"a\r\nX: y\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_content_range_is_taken_apart),
		cmocka_unit_test(a_content_range_that_makes_no_sense_is_refused),
		cmocka_unit_test(the_whole_length_of_a_missing_part_is_read),
		cmocka_unit_test(weak_and_bare_etags_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
