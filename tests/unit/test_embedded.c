/* SPDX-License-Identifier: MIT */
/* Proves what an area in an ISO says, and which areas are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "input/embedded.h"

#define AREA_BYTES 65536
#define PLAIN	   "{\"original\": {\"bytes\": 4096}}"
#define REGULAR	   0100600

/* An area under construction. */
static char area[AREA_BYTES];
static size_t used;

static void begin(void)
{
	memset(area, 0, sizeof(area));
	used = EMBEDDED_HEADER_BYTES;
}

static void pad(void)
{
	while (used % 4)
		area[used++] = '\0';
}

static void add(const char *name, unsigned mode, const char *data, size_t size_bytes)
{
	used += (size_t)snprintf(area + used, AREA_BYTES - used,
		"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 0, mode, 0, 0, 1, 0,
		size_bytes, 0, 0, 0, 0, strlen(name) + 1, 0);
	memcpy(area + used, name, strlen(name) + 1);
	used += strlen(name) + 1;
	pad();
	memcpy(area + used, data, size_bytes);
	used += size_bytes;
	pad();
}

static void write_header(const char *version)
{
	uint8_t sum[SHA256_BYTES];
	char hex[HEX_CHARS(SHA256_BYTES) + 1];
	size_t size_bytes = used - EMBEDDED_HEADER_BYTES;

	digest_sha256(area + EMBEDDED_HEADER_BYTES, size_bytes, sum);
	hex_encode(sum, sizeof(sum), hex);
	snprintf(area, EMBEDDED_HEADER_BYTES, "guest-installer embedded %s\nsha256 %s\nsize %zu\n",
		version, hex, size_bytes);
}

static void finish(void)
{
	add("TRAILER!!!", 0, "", 0);
	write_header("1");
}

/* An area with a description and one key. */
static void make_plain(void)
{
	begin();
	add(EMBEDDED_DESCRIPTION, REGULAR, PLAIN, strlen(PLAIN));
	add("me.pub", REGULAR, "ssh-ed25519 AAAA\n", 17);
	finish();
}

static int parse(size_t size_bytes, struct embedded *ret, struct error *err)
{
	/* In memory of exactly that size, so that ASan sees a read behind it. */
	AUTO_FREE char *copy = must_realloc(NULL, size_bytes, 1);

	memcpy(copy, area, size_bytes);
	return embedded_parse(copy, size_bytes, ret, err);
}

static void refuses_area(size_t size_bytes, const char *words)
{
	struct embedded embedded = { .count = 77 };
	struct error err = { 0 };

	assert_int_equal(parse(size_bytes, &embedded, &err), -EBADMSG);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_int_equal(embedded.count, 77);
}

static void zeroes_are_nothing(void **state)
{
	struct embedded embedded;
	struct error err;

	(void)state;
	begin();
	assert_int_equal(parse(AREA_BYTES, &embedded, &err), 0);
	assert_int_equal(parse(0, &embedded, &err), 0);
}

static void files_are_found_in_any_case(void **state)
{
	struct embedded embedded;
	struct error err;
	const struct embedded_file *file;

	(void)state;
	make_plain();
	assert_int_equal(embedded_parse(area, AREA_BYTES, &embedded, &err), 1);
	assert_int_equal(embedded.count, 2);
	assert_memory_equal(
		strstr(area, "sha256 ") + strlen("sha256 "), embedded.sum, strlen(embedded.sum));
	assert_int_equal(strlen(embedded.sum), HEX_CHARS(SHA256_BYTES));
	assert_int_equal(embedded.appended_size_bytes, 0);
	file = embedded_find(&embedded, "ME.pub");
	assert_non_null(file);
	assert_string_equal(file->name, "me.pub");
	assert_int_equal(file->size_bytes, 17);
	assert_memory_equal(file->data, "ssh-ed25519 AAAA\n", 17);
	assert_null(embedded_find(&embedded, "you.pub"));
}

static void appended_closures_have_a_place(void **state)
{
	static const char text[] =
		"{\"original\": {}, \"appended\": {\"offset\": 71303168, \"bytes\": 4096}}";
	struct embedded embedded;
	struct error err;

	(void)state;
	begin();
	add(EMBEDDED_DESCRIPTION, REGULAR, text, strlen(text));
	finish();
	assert_int_equal(embedded_parse(area, AREA_BYTES, &embedded, &err), 1);
	assert_int_equal(embedded.appended_offset_bytes, 71303168);
	assert_int_equal(embedded.appended_size_bytes, 4096);
}

static void impossible_places_are_refused(void **state)
{
	static const char *const places[] = {
		"{\"appended\": 1}",
		"{\"appended\": {\"offset\": 2048}}",
		"{\"appended\": {\"offset\": -2048, \"bytes\": 4096}}",
		"{\"appended\": {\"offset\": 2048, \"bytes\": 0}}",
		"{\"appended\": {\"offset\": 1000, \"bytes\": 4096}}",
		"{\"appended\": {\"offset\": 18446744073709551615, \"bytes\": 4096}}",
		"[]",
		"no JSON",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		begin();
		add(EMBEDDED_DESCRIPTION, REGULAR, places[i], strlen(places[i]));
		finish();
		refuses_area(AREA_BYTES, EMBEDDED_DESCRIPTION " in the ISO");
	}
}

static void every_changed_bit_of_the_contents_is_found(void **state)
{
	(void)state;
	make_plain();
	for (size_t i = EMBEDDED_HEADER_BYTES; i < used; i++) {
		area[i] ^= 1;
		refuses_area(AREA_BYTES, "another checksum");
		area[i] ^= 1;
	}
}

static void damaged_headers_are_refused(void **state)
{
	(void)state;
	make_plain();
	for (size_t i = 0; i < EMBEDDED_HEADER_BYTES; i++) {
		struct embedded embedded;
		struct error err = { 0 };

		area[i] ^= 0x40;
		assert_int_equal(parse(AREA_BYTES, &embedded, &err), -EBADMSG);
		assert_int_equal(err.code, EXIT_CONFIGURATION);
		area[i] ^= 0x40;
	}
	memset(area, 0, EMBEDDED_HEADER_BYTES);
	refuses_area(AREA_BYTES, "its header is another one");
}

static void other_versions_are_refused(void **state)
{
	(void)state;
	make_plain();
	write_header("2");
	refuses_area(AREA_BYTES, "another version than 1");
}

static void areas_that_are_cut_off_are_refused(void **state)
{
	(void)state;
	make_plain();
	refuses_area(100, "shorter than its header");
	refuses_area(used - 1, "it is cut off");
	for (size_t size_bytes = used; size_bytes > EMBEDDED_HEADER_BYTES; size_bytes--) {
		struct embedded embedded;
		struct error err;
		size_t whole = used;

		used = size_bytes;
		write_header("1");
		used = whole;
		if (size_bytes < whole - 4)
			assert_int_equal(parse(size_bytes, &embedded, &err), -EBADMSG);
	}
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", "/etc/passwd" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin();
		add(EMBEDDED_DESCRIPTION, REGULAR, PLAIN, strlen(PLAIN));
		add(names[i], REGULAR, "x", 1);
		finish();
		refuses_area(AREA_BYTES, "a name that it cannot have");
	}
}

static void what_is_no_single_file_is_refused(void **state)
{
	(void)state;
	begin();
	add(EMBEDDED_DESCRIPTION, REGULAR, PLAIN, strlen(PLAIN));
	add("link", 0120777, "/etc/passwd", 11);
	finish();
	refuses_area(AREA_BYTES, "something else than regular files");

	begin();
	add(EMBEDDED_DESCRIPTION, REGULAR, PLAIN, strlen(PLAIN));
	add("a.pub", REGULAR, "x", 1);
	add("A.pub", REGULAR, "y", 1);
	finish();
	refuses_area(AREA_BYTES, "two files in it have one name");

	begin();
	add("a.pub", REGULAR, "x", 1);
	finish();
	refuses_area(AREA_BYTES, "it does not describe itself");
}

static void too_many_files_are_refused(void **state)
{
	char name[16];

	(void)state;
	begin();
	for (int i = 0; i <= EMBEDDED_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%d.pub", i);
		add(name, REGULAR, "", 0);
	}
	finish();
	refuses_area(AREA_BYTES, "it has too many files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroes_are_nothing),
		cmocka_unit_test(files_are_found_in_any_case),
		cmocka_unit_test(appended_closures_have_a_place),
		cmocka_unit_test(impossible_places_are_refused),
		cmocka_unit_test(every_changed_bit_of_the_contents_is_found),
		cmocka_unit_test(damaged_headers_are_refused),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(areas_that_are_cut_off_are_refused),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(what_is_no_single_file_is_refused),
		cmocka_unit_test(too_many_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
