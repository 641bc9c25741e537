/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nix/store_path.h"

#define BASE_NAME "rajh4fprxq36gbfqwjjpk9khlfdbs59i-top"

static void malformed_store_paths_are_refused(void **state)
{
	char longest[300];

	(void)state;
	assert_int_equal(store_path_check("/nix/store/" BASE_NAME), 0);
	assert_int_equal(store_path_check("/nix/store/" BASE_NAME "/bin"), -EINVAL);
	assert_int_equal(store_path_check("/nix/store/"), -EINVAL);
	assert_int_equal(store_path_check("/nix/stor/" BASE_NAME), -EINVAL);
	assert_int_equal(store_path_check("/nix/store/../../etc"), -EINVAL);
	assert_int_equal(store_path_check("/nix/store/00000000000000000000000000000000-"), -EINVAL);
	assert_int_equal(
		store_path_check("/nix/store/e0000000000000000000000000000000-x"), -EINVAL);
	assert_int_equal(
		store_path_check("/nix/store/0000000000000000000000000000000-xx"), -EINVAL);
	assert_int_equal(
		store_path_check("/nix/store/00000000000000000000000000000000-a b"), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "/nix/store/", 11);
	longest[11 + 32] = '-';
	longest[11 + 32 + 1 + 211] = '\0';
	assert_int_equal(store_path_check(longest), 0);
	longest[11 + 32 + 1 + 211] = 'a';
	longest[11 + 32 + 1 + 212] = '\0';
	assert_int_equal(store_path_check(longest), -EINVAL);
}

static void the_base_name_follows_the_store_directory(void **state)
{
	(void)state;
	assert_string_equal(store_path_base_name("/nix/store/" BASE_NAME), BASE_NAME);
	assert_int_equal(store_path_check_base_name(BASE_NAME), 0);
	assert_int_equal(store_path_check_base_name("/nix/store/" BASE_NAME), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_store_paths_are_refused),
		cmocka_unit_test(the_base_name_follows_the_store_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
