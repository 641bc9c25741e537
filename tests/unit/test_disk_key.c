/* SPDX-License-Identifier: MIT */
/* Proves which texts choose a disk, and which sizes fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "disk/disk_key.h"

static enum disk_key_kind kind_of(const char *text)
{
	struct disk_key key;

	if (disk_key_parse(text, &key) < 0)
		fail_msg("%s is refused", text);
	return key.kind;
}

static bool fits(const char *text, uint64_t size_bytes)
{
	struct disk_key key;

	assert_int_equal(disk_key_parse(text, &key), 0);
	return disk_key_fits(&key, size_bytes);
}

static void each_form_has_its_kind(void **state)
{
	(void)state;
	assert_int_equal(kind_of("auto"), DISK_KEY_AUTO);
	assert_int_equal(kind_of("smallest"), DISK_KEY_SMALLEST);
	assert_int_equal(kind_of("largest"), DISK_KEY_LARGEST);
	assert_int_equal(kind_of("serial:auto"), DISK_KEY_SERIAL);
	assert_int_equal(kind_of("size:>20G"), DISK_KEY_SIZE);
	assert_int_equal(kind_of("/dev/disk/by-id/x"), DISK_KEY_PATH);
	assert_true(disk_key_is_name("/dev/vda") && disk_key_is_name("serial:x"));
	assert_false(disk_key_is_name("auto") || disk_key_is_name("size:>1G") ||
		     disk_key_is_name("largest") || disk_key_is_name("none"));
}

static void other_texts_are_refused(void **state)
{
	static const char *const bad[] = { "", "Auto", "vda", "dev/vda", "serial:", "serial:a b",
		"size:", "size:20G", "size:>", "size:>G", "size:>20GB", "size:>20g", "size:> 20G",
		"size:>-1", "size:>0", "size:>0x10", "size:==1G", "size:>=", "size:><1G",
		"size:>99999999999999999999", "size:>18446744073709551615K", "size:>16777216T",
		"/dev/../vda", "smallest:" };
	struct disk_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (disk_key_parse(bad[i], &key) == 0)
			fail_msg("\"%s\" is accepted", bad[i]);
}

static void sizes_are_compared_to_the_byte(void **state)
{
	(void)state;
	assert_false(fits("size:>20G", 20 * GIB));
	assert_true(fits("size:>20G", 20 * GIB + 1));
	assert_true(fits("size:>=20G", 20 * GIB));
	assert_false(fits("size:>=20G", 20 * GIB - 1));
	assert_true(fits("size:<1T", 1024 * GIB - 1));
	assert_false(fits("size:<1T", 1024 * GIB));
	assert_true(fits("size:<=512M", 512 * MIB));
	assert_false(fits("size:<=512M", 512 * MIB + 1));
	assert_true(fits("size:=4194304K", 4 * GIB));
	assert_true(fits("size:=4294967296", 4 * GIB));
	assert_false(fits("size:=4G", 4 * GIB + 512));
	assert_true(fits("auto", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_has_its_kind),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(sizes_are_compared_to_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
