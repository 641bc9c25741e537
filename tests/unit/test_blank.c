/* SPDX-License-Identifier: MIT */
/* Proves what blank and wipe_token do where a disk cannot be read. tests/loop/blank.sh has the
 * disks that can be. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/blank.h"
#include "disk/disk.h"
#include "disk/wipe_token.h"

static int scan_path(const char *path, uint64_t size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	uint64_t offset = 77;

	assert_true(fd >= 0);
	r = blank_find_data(fd, size_bytes, &offset);
	close(fd);
	assert_int_equal(offset, 77);
	return r;
}

static void a_disk_that_cannot_be_read_is_an_error(void **state)
{
	uint64_t offset;

	(void)state;
	assert_int_equal(blank_find_data(-1, MIB, &offset), -EBADF);
	assert_int_equal(scan_path("/", MIB), -EISDIR);
	assert_int_equal(scan_path("/", GIB), -EISDIR);
	assert_int_equal(scan_path("/dev/null", MIB), -EIO);	  /* it ends at once */
	assert_int_equal(scan_path("/proc/version", 0), -EINVAL); /* without SEEK_DATA */
}

static void a_file_is_read_to_its_end(void **state)
{
	int fd = memfd_create("disk", MFD_CLOEXEC), null;
	uint64_t offset = 0;

	(void)state;
	assert_int_equal(ftruncate(fd, 3 * 4096), 0);
	assert_int_equal(blank_find_data(fd, 3 * 4096, &offset), 0);
	assert_int_equal(blank_find_data(fd, 3 * 4096 + 1, &offset), -EIO);
	assert_int_equal(pwrite(fd, "x", 1, 3 * 4096 - 1), 1);
	assert_int_equal(blank_find_data(fd, 3 * 4096, &offset), 1);
	assert_int_equal(offset, 3 * 4096 - 1);
	close(fd);
	null = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(blank_find_data(null, MIB, &offset), 0);
	close(null);
}

/* It can be read past the page cache only. */
static void a_file_that_is_open_for_writing_is_read(void **state)
{
	char path[] = "blank-test.XXXXXX";
	int fd = mkstemp(path);
	uint64_t offset;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, MIB), 0);
	assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
	close(fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	unlink(path);
	assert_int_equal(blank_find_data(fd, MIB, &offset), 1);
	assert_int_equal(offset, 5000);
	close(fd);
}

static void a_disk_that_cannot_be_read_has_no_token(void **state)
{
	static struct disk disk = {
		.size_bytes = MIB, .nonzero = true, .labels = { { .where = "x" } }, .label_count = 1
	};
	int fd = memfd_create("disk", MFD_CLOEXEC);

	(void)state;
	strcpy(disk.wipe_token, "0123456789abcdef");
	wipe_token_read(-1, &disk);
	assert_string_equal(disk.wipe_token, "");
	wipe_token_read(fd, &disk); /* a disk that is smaller than a sample */
	assert_true(wipe_token_is_valid(disk.wipe_token));
	disk.nonzero = false;
	wipe_token_read(fd, &disk);
	assert_true(wipe_token_is_valid(disk.wipe_token));
	close(fd);
}

static void a_token_has_one_form(void **state)
{
	(void)state;
	assert_true(wipe_token_is_valid("0123456789abcdef"));
	assert_false(wipe_token_is_valid("0123456789abcde"));
	assert_false(wipe_token_is_valid("0123456789abcdeg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_that_cannot_be_read_is_an_error),
		cmocka_unit_test(a_file_is_read_to_its_end),
		cmocka_unit_test(a_file_that_is_open_for_writing_is_read),
		cmocka_unit_test(a_disk_that_cannot_be_read_has_no_token),
		cmocka_unit_test(a_token_has_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
