/* SPDX-License-Identifier: MIT */
/* Proves that a mark reads back as it was written, and that no damage makes a valid one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32.h"
#include "disk/install_mark.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"

#define GUID "01234567-89AB-4CDE-8F01-23456789ABCD"
#define UUID "76543210-89ab-4cde-8f01-23456789abcd"

static const struct install_mark unfinished = {
	.state = MARK_UNFINISHED, .table_id = GUID, .fs_uuid = UUID
};
static const struct install_mark installed = {
	.state = MARK_INSTALLED, .system = SYSTEM, .table_id = GUID, .fs_uuid = UUID
};

static void reads_back_what_was_written(void **state)
{
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&unfinished, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_UNFINISHED);
	assert_string_equal(mark.system, "");
	assert_string_equal(mark.table_id, GUID);
	assert_string_equal(mark.fs_uuid, UUID);
	install_mark_encode(&installed, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_INSTALLED);
	assert_string_equal(mark.system, SYSTEM);
	assert_string_equal(mark.table_id, GUID);
	assert_string_equal(mark.fs_uuid, UUID);
}

static const struct install_mark started = { .state = MARK_INSTALLED,
	.system = SYSTEM,
	.table_id = GUID,
	.fs_uuid = UUID,
	.start = MARK_START_EJECT,
	.start_superblock = 0x12345678 };

static void a_start_is_recorded_in_the_second_sector_alone(void **state)
{
	uint8_t before[MARK_BYTES], block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&installed, before);
	install_mark_encode(&started, block);
	assert_memory_equal(block, before, 512);
	assert_memory_equal(block + 512, "\2\0\0\0\x78\x56\x34\x12", 8);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_INSTALLED);
	assert_int_equal(mark.start, MARK_START_EJECT);
	assert_int_equal(mark.start_superblock, 0x12345678);
	install_mark_decode(before, &mark);
	assert_int_equal(mark.start, MARK_START_NONE);
}

static void a_start_that_makes_no_sense_is_damaged(void **state)
{
	struct install_mark odd = started, of_none = unfinished;
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	odd.start = MARK_START_EJECT + 1;
	install_mark_encode(&odd, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
	of_none.start = MARK_START_KEXEC;
	install_mark_encode(&of_none, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_UNFINISHED);
	assert_int_equal(mark.start, MARK_START_NONE);
}

static void no_mark_is_all_zeros_and_zeros_are_no_mark(void **state)
{
	const struct install_mark none = { .state = MARK_NONE };
	uint8_t block[MARK_BYTES], zeros[MARK_BYTES] = { 0 };
	struct install_mark mark;

	(void)state;
	install_mark_encode(&none, block);
	assert_memory_equal(block, zeros, MARK_BYTES);
	install_mark_decode(zeros, &mark);
	assert_int_equal(mark.state, MARK_NONE);
}

/* The bytes as install_mark.h sets them out; the checksums are Python's zlib.crc32 of them. */
static void the_record_is_laid_out_as_documented(void **state)
{
	static const uint8_t start[] = "guest-installer\0\3\0\0\0\1\0\0";
	static const uint8_t checksum[] = { 0x44, 0xaa, 0x08, 0xba };
	static const uint8_t start_checksum[] = { 0xe2, 0x8c, 0x81, 0x35 };
	uint8_t block[MARK_BYTES];

	(void)state;
	install_mark_encode(&unfinished, block);
	assert_memory_equal(block, start, sizeof(start));
	assert_memory_equal(block + 508, checksum, 4);
	install_mark_encode(&started, block);
	assert_memory_equal(block + 1020, start_checksum, 4);
	install_mark_encode(&installed, block);
	assert_string_equal((const char *)block + 24, SYSTEM);
	assert_string_equal((const char *)block + 280, GUID);
	assert_string_equal((const char *)block + 320, UUID);
}

static void no_changed_byte_goes_unnoticed(void **state)
{
	const struct install_mark *marks[] = { &unfinished, &installed, &started };

	(void)state;
	for (size_t m = 0; m < 3; m++) {
		size_t end = marks[m]->state == MARK_INSTALLED ? MARK_BYTES : 512;
		uint8_t block[MARK_BYTES];

		install_mark_encode(marks[m], block);
		for (size_t i = 0; i < end; i++) {
			for (unsigned change = 1; change < 256; change++) {
				struct install_mark mark;

				block[i] ^= (uint8_t)change;
				install_mark_decode(block, &mark);
				assert_int_equal(mark.state, i < 16 ? MARK_NONE : MARK_DAMAGED);
				assert_string_equal(mark.system, "");
				block[i] ^= (uint8_t)change;
			}
		}
	}
}

/* A disk writes whole sectors, but of two it may have written only one when it lost its power. */
static void a_torn_write_leaves_the_old_mark_or_the_new_one(void **state)
{
	static const struct install_mark none = { .state = MARK_NONE };
	const struct install_mark *const marks[] = { &none, &unfinished, &installed, &started };

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		const struct install_mark *before = marks[i / 4], *after = marks[i % 4];
		uint8_t block[MARK_BYTES], written[MARK_BYTES];
		struct install_mark mark;

		install_mark_encode(before, block);
		install_mark_encode(after, written);
		memcpy(block, written, 512);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, after->state);
		memcpy(block + 512, written + 512, 512);
		install_mark_encode(before, block);
		memcpy(block + 512, written + 512, 512);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, before->state);
	}
}

/* A disk that was blank is still blank if only the second sector was written. */
static void the_second_sector_is_zero_without_a_start(void **state)
{
	uint8_t block[MARK_BYTES], zeros[512] = { 0 };

	(void)state;
	install_mark_encode(&unfinished, block);
	assert_memory_equal(block + 512, zeros, 512);
	install_mark_encode(&installed, block);
	assert_memory_equal(block + 512, zeros, 512);
}

static void a_path_of_full_length_keeps_its_end(void **state)
{
	struct install_mark longest = { .state = MARK_INSTALLED, .fs_uuid = UUID }, mark;
	uint8_t block[MARK_BYTES];

	(void)state;
	memset(longest.system, 'x', MARK_SYSTEM_BYTES - 1);
	install_mark_encode(&longest, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_INSTALLED);
	assert_string_equal(mark.system, longest.system);
}

static void installed_without_a_system_is_damaged(void **state)
{
	const struct install_mark nameless = { .state = MARK_INSTALLED, .fs_uuid = UUID };
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&nameless, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
}

static void set_checksum(uint8_t *start, size_t size_bytes)
{
	uint32_t checksum = crc32_ieee(start, size_bytes);

	for (size_t i = 0; i < 4; i++)
		start[size_bytes + i] = (uint8_t)(checksum >> 8 * i);
}

/* With the checksums of both forms, so that nothing but the version decides. */
static void set_version(uint8_t block[MARK_BYTES], uint8_t version)
{
	block[16] = version;
	memset(block + 508, 0, 4);
	if (version > 2)
		set_checksum(block, 508);
	set_checksum(block, 1020);
}

/* Records that other software may have made: their checksum is right, and one byte is not ours. */
static void no_changed_byte_is_taken_even_with_a_right_checksum(void **state)
{
	static const struct {
		bool installed;
		size_t offset;
		uint8_t byte;
	} cases[] = {
		{ true, 20, 0 },	 /* no state of ours */
		{ true, 20, 3 },	 /* another state of none */
		{ false, 20, 2 },	 /* installed, without a system */
		{ true, 20, 1 },	 /* unfinished, with a system */
		{ true, 24 + 255, 'x' }, /* behind the end of the system */
		{ true, 280 + 39, 'x' }, /* of the table's id */
		{ true, 320 + 39, 'x' }, /* of the UUID */
		{ true, 320, 0 },	 /* no UUID */
		{ true, 360, 1 },	 /* between the fields */
		{ false, 512, 1 },	 /* a start of an unfinished install */
		{ true, 516, 1 },	 /* the superblock of no start */
		{ true, 520, 1 },	 /* behind the start */
		{ true, 1019, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t block[MARK_BYTES];
		struct install_mark mark;

		install_mark_encode(cases[i].installed ? &installed : &unfinished, block);
		block[cases[i].offset] = cases[i].byte;
		set_version(block, 2);
		install_mark_decode(block, &mark);
		if (mark.state != MARK_DAMAGED)
			fail_msg("byte %zu is taken", cases[i].offset);
	}
}

static void a_field_without_an_end_is_damaged(void **state)
{
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&installed, block);
	memset(block + 24, 'x', MARK_SYSTEM_BYTES);
	set_version(block, 2);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
}

static void version_1_with_an_id_or_a_uuid_is_damaged(void **state)
{
	static const struct install_mark marks[] = {
		{ .state = MARK_UNFINISHED, .table_id = GUID },
		{ .state = MARK_UNFINISHED, .fs_uuid = UUID },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t block[MARK_BYTES];
		struct install_mark mark;

		install_mark_encode(&marks[i], block);
		set_version(block, 1);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_DAMAGED);
	}
}

static void a_mark_that_cannot_be_synced_is_an_error(void **state)
{
	struct error err = { 0 };
	FILE *null = fopen("/dev/null", "w"); /* fsync(2) refuses a character device */

	(void)state;
	assert_non_null(null);
	assert_true(install_mark_write(fileno(null), 0, &installed, &err) < 0);
	assert_non_null(strstr(err.text, "sync the install's mark"));
	fclose(null);
}

static void a_later_version_is_damaged(void **state)
{
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&unfinished, block);
	set_version(block, 4);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
}

/* As version 2 wrote it: the checksum is Python's zlib.crc32. */
static void version_2_is_read(void **state)
{
	static const uint8_t checksum[] = { 0x3f, 0x39, 0x81, 0x84 };
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&unfinished, block);
	set_version(block, 2);
	assert_memory_equal(block + 1020, checksum, 4);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_UNFINISHED);
	assert_string_equal(mark.fs_uuid, UUID);
	block[510] = 1;
	set_checksum(block, 1020);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
	install_mark_encode(&started, block);
	set_version(block, 2);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.start, MARK_START_EJECT);
	assert_int_equal(mark.start_superblock, 0x12345678);
}

/* The first start of a guest that an older ISO has installed writes version 3, and may be torn. */
static void a_torn_start_over_version_2_leaves_the_old_record_or_the_new_one(void **state)
{
	const struct install_mark *const before[] = { &installed, &started };
	struct install_mark after = started;

	(void)state;
	after.start = MARK_START_KEXEC;
	after.start_superblock = 7;
	for (size_t i = 0; i < 2; i++) {
		uint8_t old[MARK_BYTES], new[MARK_BYTES], block[MARK_BYTES];
		struct install_mark mark;

		install_mark_encode(before[i], old);
		set_version(old, 2);
		install_mark_encode(&after, new);
		memcpy(block, new, 512);
		memcpy(block + 512, old + 512, 512);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_INSTALLED);
		assert_int_equal(mark.start, before[i]->start);
		assert_int_equal(mark.start_superblock, before[i]->start_superblock);
		block[1020] ^= 1;
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_DAMAGED);
		memcpy(block, old, 512);
		memcpy(block + 512, new + 512, 512);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_INSTALLED);
		assert_int_equal(mark.start, MARK_START_KEXEC);
		assert_int_equal(mark.start_superblock, 7);
		block[519] ^= 1;
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_DAMAGED);
	}
}

static void a_start_of_version_3_repairs_no_other_record(void **state)
{
	static const uint8_t versions[] = { 1, 2 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t block[MARK_BYTES], written[MARK_BYTES];
		struct install_mark mark;

		install_mark_encode(i == 0 ? &installed : &unfinished, block);
		set_version(block, versions[i]);
		install_mark_encode(&started, written);
		memcpy(block + 512, written + 512, 512);
		install_mark_decode(block, &mark);
		assert_int_equal(mark.state, MARK_DAMAGED);
	}
}

/* As version 1 wrote it: the checksum is Python's zlib.crc32. */
static void version_1_is_read_and_names_no_ids(void **state)
{
	static const uint8_t checksum[] = { 0xf8, 0xb6, 0xbc, 0xf7 };
	uint8_t block[MARK_BYTES] = "guest-installer\0\1\0\0\0\1";
	struct install_mark mark;

	(void)state;
	memcpy(block + 1020, checksum, 4);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_UNFINISHED);
	assert_string_equal(mark.table_id, "");
	assert_string_equal(mark.fs_uuid, "");
	install_mark_encode(&unfinished, block);
	set_version(block, 1);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
}

static void a_mark_without_the_file_systems_uuid_is_damaged(void **state)
{
	const struct install_mark nameless = { .state = MARK_UNFINISHED, .table_id = GUID };
	uint8_t block[MARK_BYTES];
	struct install_mark mark;

	(void)state;
	install_mark_encode(&nameless, block);
	install_mark_decode(block, &mark);
	assert_int_equal(mark.state, MARK_DAMAGED);
}

static void a_file_keeps_the_mark_at_its_offset(void **state)
{
	FILE *file = tmpfile();
	struct error err = { 0 };
	struct install_mark mark;

	(void)state;
	assert_non_null(file);
	assert_int_equal(install_mark_write(fileno(file), 1024 * 1024, &installed, &err), 0);
	assert_int_equal(install_mark_read(fileno(file), 1024 * 1024, &mark, &err), 0);
	assert_int_equal(mark.state, MARK_INSTALLED);
	assert_int_equal(install_mark_read(fileno(file), 0, &mark, &err), 0);
	assert_int_equal(mark.state, MARK_NONE);
	fclose(file);
}

static void a_disk_that_ends_before_the_root_has_no_mark(void **state)
{
	FILE *file = tmpfile();
	struct error err = { 0 };
	struct install_mark mark;

	(void)state;
	assert_non_null(file);
	assert_int_equal(install_mark_read(fileno(file), 1ULL << 40, &mark, &err), 0);
	assert_int_equal(mark.state, MARK_NONE);
	fclose(file);
}

static void an_unwritable_disk_is_an_error(void **state)
{
	struct error err = { 0 };
	struct install_mark mark;

	(void)state;
	assert_true(install_mark_write(-1, 0, &installed, &err) < 0);
	assert_non_null(strstr(err.text, "mark"));
	assert_true(install_mark_read(-1, 0, &mark, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_was_written),
		cmocka_unit_test(a_start_is_recorded_in_the_second_sector_alone),
		cmocka_unit_test(a_start_that_makes_no_sense_is_damaged),
		cmocka_unit_test(no_mark_is_all_zeros_and_zeros_are_no_mark),
		cmocka_unit_test(the_record_is_laid_out_as_documented),
		cmocka_unit_test(no_changed_byte_goes_unnoticed),
		cmocka_unit_test(a_torn_write_leaves_the_old_mark_or_the_new_one),
		cmocka_unit_test(the_second_sector_is_zero_without_a_start),
		cmocka_unit_test(a_path_of_full_length_keeps_its_end),
		cmocka_unit_test(installed_without_a_system_is_damaged),
		cmocka_unit_test(no_changed_byte_is_taken_even_with_a_right_checksum),
		cmocka_unit_test(a_field_without_an_end_is_damaged),
		cmocka_unit_test(version_1_with_an_id_or_a_uuid_is_damaged),
		cmocka_unit_test(a_mark_that_cannot_be_synced_is_an_error),
		cmocka_unit_test(a_later_version_is_damaged),
		cmocka_unit_test(version_2_is_read),
		cmocka_unit_test(a_torn_start_over_version_2_leaves_the_old_record_or_the_new_one),
		cmocka_unit_test(a_start_of_version_3_repairs_no_other_record),
		cmocka_unit_test(version_1_is_read_and_names_no_ids),
		cmocka_unit_test(a_mark_without_the_file_systems_uuid_is_damaged),
		cmocka_unit_test(a_file_keeps_the_mark_at_its_offset),
		cmocka_unit_test(a_disk_that_ends_before_the_root_has_no_mark),
		cmocka_unit_test(an_unwritable_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
