/* SPDX-License-Identifier: MIT */
/* Proves what becomes of a sentence and its code on their way up, and the table of codes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void a_new_error_has_its_sentence_and_no_code(void **state)
{
	struct error err = { .code = EXIT_VERIFY, .text = "old" };

	(void)state;
	assert_int_equal(error_set(&err, -EINVAL, "%s is %d", "x", 3), -EINVAL);
	assert_string_equal(err.text, "x is 3");
	assert_int_equal(err.code, 0);
}

static void a_code_of_its_own_survives_wrapping(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set_code(&err, EXIT_NO_KEY, -EINVAL, "no key"), -EINVAL);
	error_wrap(&err, "partition %d (%s)", 2, "root");
	error_wrap(&err, "vda");
	assert_string_equal(err.text, "vda: partition 2 (root): no key");
	assert_int_equal(err.code, EXIT_NO_KEY);
}

static void an_errno_is_put_into_words(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_errno(&err, -ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(err.text, "open /x: No such file or directory");
	assert_int_equal(err.code, 0);
}

static void no_space_left_has_a_code_of_its_own(void **state)
{
	struct error err;

	(void)state;
	error_errno(&err, -ENOSPC, "write");
	assert_int_equal(err.code, EXIT_TARGET_FULL);
}

static void a_limit_of_the_host_keeps_the_stages_code(void **state)
{
	struct error err = { .code = EXIT_TARGET_FULL };

	(void)state;
	assert_int_equal(error_errno_host(&err, -ENOSPC, "mount %s", "/x"), -ENOSPC);
	assert_string_equal(err.text, "mount /x: No space left on device");
	assert_int_equal(err.code, 0);
}

static void too_long_a_sentence_is_cut(void **state)
{
	struct error err;
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_errno(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	error_wrap(&err, "%s", "where");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "where: xx", 9);
}

static void the_table_lists_every_code_once_in_order(void **state)
{
	static const int codes[] = { 0, 1, 2, 10, 11, 12, 13, 14, 15, 20, 30, 31, 32, 40, 41, 42,
		43, 50, 60, 80, 81, 82, 83, 84, 85 };
	size_t i;

	(void)state;
	for (i = 0; exit_meanings[i].meaning; i++) {
		assert_in_range(i, 0, sizeof(codes) / sizeof(codes[0]) - 1);
		assert_int_equal(exit_meanings[i].code, codes[i]);
		assert_true(exit_meanings[i].meaning[0]);
	}
	assert_int_equal(i, sizeof(codes) / sizeof(codes[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_error_has_its_sentence_and_no_code),
		cmocka_unit_test(a_code_of_its_own_survives_wrapping),
		cmocka_unit_test(an_errno_is_put_into_words),
		cmocka_unit_test(no_space_left_has_a_code_of_its_own),
		cmocka_unit_test(a_limit_of_the_host_keeps_the_stages_code),
		cmocka_unit_test(too_long_a_sentence_is_cut),
		cmocka_unit_test(the_table_lists_every_code_once_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
