/* SPDX-License-Identifier: MIT */
/* Proves that UUIDs are made as RFC 9562 says, and that a seed gives the same ones each time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/uuid.h"

/* The example of RFC 9562, appendix A.4: the namespace DNS and a name. */
#define NAMESPACE "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define NAME	  "www.example.com"
#define DERIVED	  "2ed6657d-e927-568b-95e1-2665a8aea6a2"

static void a_derived_uuid_is_that_of_the_rfc(void **state)
{
	char uuid[UUID_TEXT_BYTES];

	(void)state;
	uuid_derive(NAMESPACE, NAME, uuid);
	assert_string_equal(uuid, DERIVED);
}

static void the_case_of_the_seed_does_not_count(void **state)
{
	char seed[UUID_TEXT_BYTES] = NAMESPACE, uuid[UUID_TEXT_BYTES];

	(void)state;
	text_upper(seed);
	uuid_derive(seed, NAME, uuid);
	assert_string_equal(uuid, DERIVED);
}

static void a_derived_number_is_the_start_of_the_uuid(void **state)
{
	(void)state;
	assert_int_equal(uuid_derive_u32(NAMESPACE, NAME), 0x2ed6657d);
}

static void random_uuids_differ_and_are_of_version_4(void **state)
{
	char one[UUID_TEXT_BYTES], other[UUID_TEXT_BYTES];

	(void)state;
	uuid_choose(one);
	uuid_choose(other);
	assert_string_not_equal(one, other);
	assert_true(text_is_uuid(one) && one[14] == '4' && strchr("89ab", one[19]));
}

static void bytes_are_in_the_order_of_the_text(void **state)
{
	uint8_t bytes[UUID_BYTES];

	(void)state;
	assert_int_equal(uuid_to_bytes("00112233-4455-6677-8899-AABBCCDDEEFF", bytes), 0);
	for (size_t i = 0; i < UUID_BYTES; i++)
		assert_int_equal(bytes[i], 0x11 * i);
}

static void what_is_no_uuid_has_no_bytes(void **state)
{
	static const char *const bad[] = { "", "00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
		"g0112233-4455-6677-8899-aabbccddeeff" };
	uint8_t bytes[UUID_BYTES] = { 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uuid_to_bytes(bad[i], bytes), -EINVAL);
	assert_int_equal(bytes[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_derived_uuid_is_that_of_the_rfc),
		cmocka_unit_test(the_case_of_the_seed_does_not_count),
		cmocka_unit_test(a_derived_number_is_the_start_of_the_uuid),
		cmocka_unit_test(random_uuids_differ_and_are_of_version_4),
		cmocka_unit_test(bytes_are_in_the_order_of_the_text),
		cmocka_unit_test(what_is_no_uuid_has_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
