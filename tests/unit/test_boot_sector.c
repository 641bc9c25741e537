/* SPDX-License-Identifier: MIT */
/* Proves that a shut gate leaves no first sector on the disk, and an open one the last that was
 * there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/boot_sector.h"

#define DISK_BYTES 4096

/* A disk of which every byte says where it is. */
static int make_disk(void **state)
{
	uint8_t content[DISK_BYTES];
	FILE *file = tmpfile();

	assert_non_null(file);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i % 251 + 1);
	assert_int_equal(pwrite(fileno(file), content, sizeof(content), 0), DISK_BYTES);
	*state = file;
	return 0;
}

static int drop_disk(void **state)
{
	return fclose(*state);
}

static void read_disk(int fd, uint8_t ret[DISK_BYTES])
{
	assert_int_equal(pread(fd, ret, DISK_BYTES, 0), DISK_BYTES);
}

static void shutting_takes_the_first_sector_and_nothing_else(void **state)
{
	const uint8_t zeros[BOOT_SECTOR_BYTES] = { 0 };
	uint8_t before[DISK_BYTES], after[DISK_BYTES];
	struct boot_sector boot_sector = { 0 };
	struct error err;
	int fd = fileno(*state);

	read_disk(fd, before);
	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	read_disk(fd, after);
	assert_true(boot_sector.blanked);
	assert_memory_equal(boot_sector.sector, before, BOOT_SECTOR_BYTES);
	assert_memory_equal(after, zeros, BOOT_SECTOR_BYTES);
	assert_memory_equal(after + BOOT_SECTOR_BYTES, before + BOOT_SECTOR_BYTES,
		DISK_BYTES - BOOT_SECTOR_BYTES);
}

static void opening_puts_back_what_was_there(void **state)
{
	uint8_t before[DISK_BYTES], after[DISK_BYTES];
	struct boot_sector boot_sector = { 0 };
	struct error err;
	int fd = fileno(*state);

	read_disk(fd, before);
	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	read_disk(fd, after);
	assert_false(boot_sector.blanked);
	assert_memory_equal(after, before, DISK_BYTES);
}

/* The second shutting must not take the zeros for the sector. */
static void shutting_and_opening_twice_is_like_once(void **state)
{
	uint8_t before[DISK_BYTES], after[DISK_BYTES];
	struct boot_sector boot_sector = { 0 };
	struct error err;
	int fd = fileno(*state);

	read_disk(fd, before);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	read_disk(fd, after);
	assert_memory_equal(after, before, DISK_BYTES);
}

static void a_sector_written_while_it_was_open_is_the_one_kept(void **state)
{
	const uint8_t loader[BOOT_SECTOR_BYTES] = "boot loader";
	uint8_t after[DISK_BYTES];
	struct boot_sector boot_sector = { 0 };
	struct error err;
	int fd = fileno(*state);

	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	assert_int_equal(pwrite(fd, loader, BOOT_SECTOR_BYTES, 0), BOOT_SECTOR_BYTES);
	assert_int_equal(boot_sector_blank(&boot_sector, fd, &err), 0);
	assert_memory_equal(boot_sector.sector, loader, BOOT_SECTOR_BYTES);
	assert_int_equal(boot_sector_restore(&boot_sector, fd, &err), 0);
	read_disk(fd, after);
	assert_memory_equal(after, loader, BOOT_SECTOR_BYTES);
}

static void a_disk_that_cannot_be_written_is_told_and_stays_open(void **state)
{
	struct boot_sector boot_sector = { 0 };
	struct error err;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(*state));
	FILE *read_only = fopen(path, "r");
	assert_non_null(read_only);
	fd = fileno(read_only);
	assert_true(boot_sector_blank(&boot_sector, fd, &err) < 0);
	assert_non_null(strstr(err.text, "first sector"));
	assert_false(boot_sector.blanked);
	boot_sector.blanked = true;
	assert_true(boot_sector_restore(&boot_sector, fd, &err) < 0);
	assert_true(boot_sector.blanked);
	fclose(read_only);
}

/* /dev/null takes every write, and fsync(2) of it fails. */
static void a_sector_that_may_be_on_the_disk_counts_as_written(void **state)
{
	struct boot_sector boot_sector = { .blanked = true };
	struct error err;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_true(boot_sector_restore(&boot_sector, fd, &err) < 0);
	assert_non_null(strstr(err.text, "wait for the disk's first sector"));
	assert_false(boot_sector.blanked);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			shutting_takes_the_first_sector_and_nothing_else, make_disk, drop_disk),
		cmocka_unit_test_setup_teardown(
			opening_puts_back_what_was_there, make_disk, drop_disk),
		cmocka_unit_test_setup_teardown(
			shutting_and_opening_twice_is_like_once, make_disk, drop_disk),
		cmocka_unit_test_setup_teardown(
			a_sector_written_while_it_was_open_is_the_one_kept, make_disk, drop_disk),
		cmocka_unit_test_setup_teardown(
			a_disk_that_cannot_be_written_is_told_and_stays_open, make_disk, drop_disk),
		cmocka_unit_test(a_sector_that_may_be_on_the_disk_counts_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
