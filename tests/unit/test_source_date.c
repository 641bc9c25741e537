/* SPDX-License-Identifier: MIT */
/* Proves which time an install gives to what it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/source_date.h"

static struct config config;

static int choose(const char *epoch, int64_t *ret, struct error *err)
{
	if (epoch)
		setenv("SOURCE_DATE_EPOCH", epoch, 1);
	else
		unsetenv("SOURCE_DATE_EPOCH");
	return source_date_choose(&config, ret, err);
}

static void a_seed_comes_with_its_time_and_the_variable_wins(void **state)
{
	struct error err;
	int64_t time_s;

	(void)state;
	config.given[KEY_SEED] = true;
	assert_int_equal(choose(NULL, &time_s, &err), 0);
	assert_true(time_s == SOURCE_DATE_SEEDED_S);
	assert_int_equal(choose("1700000000", &time_s, &err), 0);
	assert_true(time_s == 1700000000);
	config.given[KEY_SEED] = false;
	assert_int_equal(choose("1700000000", &time_s, &err), 0);
	assert_true(time_s == 1700000000);
}

static void without_both_it_is_now(void **state)
{
	int64_t before = time(NULL), time_s;
	struct error err;

	(void)state;
	config.given[KEY_SEED] = false;
	assert_int_equal(choose(NULL, &time_s, &err), 0);
	assert_true(time_s >= before && time_s <= time(NULL));
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = { "", "0", "-1", "now", "1700000000x", "2147483648",
		"99999999999999999999" };
	struct error err;
	int64_t time_s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct error){ 0 };
		assert_true(choose(rows[i], &time_s, &err) < 0);
		assert_int_equal(err.code, EXIT_CONFIGURATION);
		assert_non_null(strstr(err.text, "SOURCE_DATE_EPOCH is \""));
	}
	assert_int_equal(choose("2147483647", &time_s, &err), 0);
	assert_true(time_s == INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_comes_with_its_time_and_the_variable_wins),
		cmocka_unit_test(without_both_it_is_now),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
