/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/retry.h"

static const struct retry_policy policy = {
	.attempts = 5,
	.first_ms = 100,
	.longest_ms = 500,
	.longest_retry_after_ms = 3000,
};

static void waits_double_up_to_the_longest(void **state)
{
	static const int64_t expected[] = { 100, 200, 400, 500 };

	(void)state;
	for (unsigned failures = 1; failures <= 4; failures++) {
		int64_t full = expected[failures - 1], half = full / 2;

		assert_int_equal(retry_delay_ms(&policy, failures, -1, 0), half);
		assert_int_equal(
			retry_delay_ms(&policy, failures, -1, (uint32_t)(full - half)), full);
		for (uint32_t dice = 0; dice < 1000; dice++) {
			int64_t delay = retry_delay_ms(&policy, failures, -1, dice * 4294967U);

			assert_in_range(delay, half, full);
		}
	}
}

static void dice_spread_the_waits(void **state)
{
	(void)state;
	assert_int_not_equal(retry_delay_ms(&policy, 3, -1, 1), retry_delay_ms(&policy, 3, -1, 2));
}

static void the_last_attempt_is_the_last(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(&policy, 5, -1, 0), -1);
	assert_int_equal(retry_delay_ms(&policy, 5, 1000, 0), -1);
	assert_int_equal(retry_delay_ms(&policy, 4000000000U, -1, 0), -1);
}

static void a_server_is_given_the_time_it_asks_for_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(&policy, 1, 2000, 0), 2000);
	assert_int_equal(retry_delay_ms(&policy, 1, 3600000, 0), 3000);
	/* It is never hurried. */
	assert_int_equal(retry_delay_ms(&policy, 3, 0, 0), 200);
}

static void only_what_can_pass_is_tried_again(void **state)
{
	static const long pass[] = { 408, 425, 429, 500, 502, 503, 504, 599 };
	static const long final[] = { 0, 200, 301, 400, 401, 403, 404, 410, 416, 451, 501, 505,
		600 };

	(void)state;
	for (size_t i = 0; i < sizeof(pass) / sizeof(pass[0]); i++)
		assert_true(retry_status(pass[i]));
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_false(retry_status(final[i]));
}

static void a_server_that_is_back_within_a_minute_is_waited_for(void **state)
{
	int64_t shortest_ms = 0;

	(void)state;
	for (unsigned failures = 1; failures < retry_policy_default.attempts; failures++)
		shortest_ms += retry_delay_ms(&retry_policy_default, failures, -1, 0);
	assert_in_range(shortest_ms, 25 * 1000, 60 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_longest),
		cmocka_unit_test(dice_spread_the_waits),
		cmocka_unit_test(the_last_attempt_is_the_last),
		cmocka_unit_test(a_server_is_given_the_time_it_asks_for_within_bounds),
		cmocka_unit_test(only_what_can_pass_is_tried_again),
		cmocka_unit_test(a_server_that_is_back_within_a_minute_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
