/* SPDX-License-Identifier: MIT */
/* Proves that strings of SMBIOS tables of type 11 are found, and none beyond their end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "input/smbios.h"

/* type, length, handle, count, strings */
static const char table[] = "\x0b\x05\x00\x0e\x02"
			    "first\0second=2\0";

static const char *string_at(const char *raw, size_t size_bytes, size_t index)
{
	return smbios_oem_string((const uint8_t *)raw, size_bytes, index);
}

static void strings_are_found_by_their_number(void **state)
{
	(void)state;
	assert_string_equal(string_at(table, sizeof(table), 0), "first");
	assert_string_equal(string_at(table, sizeof(table), 1), "second=2");
	assert_null(string_at(table, sizeof(table), 2));
	assert_null(string_at(table, sizeof(table), 255));
}

static void a_longer_formatted_area_is_skipped(void **state)
{
	static const char longer[] = "\x0b\x07\x00\x0e\x01zzfirst\0";

	(void)state;
	assert_string_equal(string_at(longer, sizeof(longer), 0), "first");
}

static void what_is_cut_off_or_another_type_has_no_strings(void **state)
{
	static const char none[] = "\x0b\x05\x00\x0e\x01\0";
	char raw[sizeof(table)];

	(void)state;
	for (size_t size = 0; size <= 10; size++)
		assert_null(string_at(table, size, 0));
	assert_non_null(string_at(table, 11, 0));
	assert_null(string_at(table, 12, 1));
	assert_null(string_at(none, sizeof(none), 0));
	memcpy(raw, table, sizeof(raw));
	raw[0] = 1;
	assert_null(string_at(raw, sizeof(raw), 0));
	raw[0] = 11;
	raw[1] = 4;
	assert_null(string_at(raw, sizeof(raw), 0));
	raw[1] = (char)255;
	assert_null(string_at(raw, sizeof(raw), 0));
	raw[1] = 5;
	raw[4] = 1;
	assert_null(string_at(raw, sizeof(raw), 1));
}

static void is_credential(const char *string, const char *expected)
{
	struct error err;
	char *text = NULL;
	size_t size_bytes;

	assert_int_equal(smbios_credential(string, "name", &text, &size_bytes, &err), 1);
	assert_string_equal(text, expected);
	assert_int_equal(size_bytes, strlen(expected));
	free(text);
}

static void credentials_are_text_or_base64(void **state)
{
	(void)state;
	is_credential("io.systemd.credential:name=value=x", "value=x");
	is_credential("io.systemd.credential:name=", "");
	is_credential("io.systemd.credential.binary:name=dmFsdWUK", "value\n");
	is_credential("io.systemd.credential.binary:name=dmFsdQ==", "valu");
	is_credential("io.systemd.credential.binary:name=", "");
}

static void other_strings_are_no_credential_and_bad_base64_is_refused(void **state)
{
	static const char *const others[] = { "", "io.systemd.credential:", "name=value",
		"io.systemd.credential:nam=x", "io.systemd.credential:names=x",
		"io.systemd.credential:name", "IO.systemd.credential:name=x" };
	struct error err = { 0 };
	char *text = NULL;
	size_t size_bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(smbios_credential(others[i], "name", &text, &size_bytes, &err), 0);
	assert_int_equal(smbios_credential("io.systemd.credential.binary:name=a", "name", &text,
				 &size_bytes, &err),
		-EINVAL);
	assert_int_equal(err.code, EXIT_NO_KEY);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_found_by_their_number),
		cmocka_unit_test(a_longer_formatted_area_is_skipped),
		cmocka_unit_test(what_is_cut_off_or_another_type_has_no_strings),
		cmocka_unit_test(credentials_are_text_or_base64),
		cmocka_unit_test(other_strings_are_no_credential_and_bad_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
