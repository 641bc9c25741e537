/* SPDX-License-Identifier: MIT */
/* Exercises ext4_files, ext4_remove, ext4_open and ext4_reader. The oracles are e2fsck and
 * debugfs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ext4/ext4_files.h"
#include "ext4/ext4_reader.h"
#include "ext4/ext4_remove.h"
#include "image.h"

#define LARGE_BYTES (5 * 1024 * 1024 + 17)
#define LONG_TARGET                                                                                \
	"/nix/store/00000000000000000000000000000001-a-name-that-does-not-fit-into-an-inode/file"

static struct image image;
static struct ext4_files files;
static struct ext4_reader reader;

static const struct ext4_access public = { .mode = 0644, .mtime_s = 315532800 };
static const struct ext4_access private = { .mode = 0600, 70000, 80000, .mtime_s = 4294967296 };

static int open_files(void **state)
{
	struct error err;

	(void)state;
	image_make(&image, NULL);
	return ext4_files_open(&files, image.path, 0, &err);
}

static int remove_files(void **state)
{
	(void)state;
	image_remove(&image);
	return 0;
}

static void done(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static void close_files(void)
{
	struct error err;

	done(ext4_files_close(&files, &err), &err);
	assert_true(image_is_clean(&image));
}

static void answers(const char *request, const char *part)
{
	const char *answer = image_ask(&image, request);

	if (!strstr(answer, part))
		fail_msg("%s: \"%s\" is not in: %s", request, part, answer);
}

static void makes_parents_and_keeps_mode_owner_and_time(void **state)
{
	struct error err;

	(void)state;
	done(ext4_files_write(&files, "/home/bob/.ssh/authorized_keys", "key\n", 4, &private, &err),
		&err);
	close_files();
	answers("cat /home/bob/.ssh/authorized_keys", "key\n");
	answers("stat /home/bob/.ssh/authorized_keys", "Mode:  0600");
	answers("stat /home/bob/.ssh/authorized_keys", "User: 70000   Group: 80000");
	answers("stat /home/bob/.ssh/authorized_keys", " mtime: 0x00000000:00000001 ");
	answers("stat /home/bob", "Mode:  0755");
	answers("stat /home/bob", "User:     0   Group:     0");
}

static void sets_an_existing_folder_and_the_root(void **state)
{
	const struct ext4_access sticky = { .mode = 01777, .mtime_s = 5 };
	struct error err;

	(void)state;
	done(ext4_files_make_folder(&files, "/tmp", &public, &err), &err);
	done(ext4_files_make_folder(&files, "/tmp", &sticky, &err), &err);
	done(ext4_files_make_folder(&files, "", &private, &err), &err);
	close_files();
	answers("stat /tmp", "Mode:  01777");
	answers("stat /", "Mode:  0600");
}

static void makes_short_and_long_links(void **state)
{
	struct error err;

	(void)state;
	done(ext4_files_link(&files, "/a/short", "system-1-link", 1, &err), &err);
	done(ext4_files_link(&files, "/a/long", LONG_TARGET, 1, &err), &err);
	close_files();
	answers("stat /a/short", "Fast link dest: \"system-1-link\"");
	answers("cat /a/long", LONG_TARGET);
}

/* More names than one block of a folder holds. */
static void fills_a_folder_of_several_blocks(void **state)
{
	struct error err;
	char path[64];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "/many/a-rather-long-name-%03d", i);
		done(ext4_files_write(&files, path, path, strlen(path), &public, &err), &err);
	}
	close_files();
	answers("cat /many/a-rather-long-name-599", "/many/a-rather-long-name-599");
}

static void refuses_what_is_there_and_what_is_no_folder(void **state)
{
	struct error err;

	(void)state;
	done(ext4_files_write(&files, "/a/file", "", 0, &public, &err), &err);
	assert_int_equal(ext4_files_write(&files, "/a/file", "", 0, &public, &err), -EEXIST);
	assert_int_equal(ext4_files_link(&files, "/a/file", "x", 1, &err), -EEXIST);
	assert_int_equal(ext4_files_write(&files, "/a/file/b", "", 0, &public, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "/a/file/b"));
	close_files();
}

static void a_full_file_system_is_an_error(void **state)
{
	AUTO_FREE char *data = calloc(1, 80 * 1024 * 1024);
	struct error err = { 0 };

	(void)state;
	memset(data, 'x', 80 * 1024 * 1024);
	assert_true(ext4_files_write(&files, "/large", data, 80 * 1024 * 1024, &public, &err) < 0);
	assert_int_equal(ext4_files_close(&files, &err), 0);
}

static int count_name(const char *name, void *userdata, struct error *err)
{
	(void)err;
	*(unsigned *)userdata += strcmp(name, "lost+found") != 0;
	return 0;
}

static void reads_back_what_was_written(void **state)
{
	AUTO_FREE char *data = malloc(LARGE_BYTES);
	AUTO_FREE char *text = NULL, *target = NULL;
	struct ext4_entry entry;
	struct error err;
	unsigned names = 0;
	size_t size_bytes;

	(void)state;
	for (size_t i = 0; i < LARGE_BYTES; i++)
		data[i] = (char)(i * 7 + i / 4096);
	done(ext4_files_write(&files, "/a/large", data, LARGE_BYTES, &private, &err), &err);
	done(ext4_files_link(&files, "/b", "a/../a", 1, &err), &err);
	done(ext4_files_link(&files, "/c", LONG_TARGET, 1, &err), &err);
	close_files();

	done(ext4_reader_open(&reader, image.path, 0, &err), &err);
	done(ext4_reader_follow(&reader, "/b/large", &entry, &err), &err);
	assert_int_equal(entry.mode, S_IFREG | 0600);
	assert_int_equal(entry.uid, 70000);
	assert_int_equal(entry.gid, 80000);
	assert_true(entry.mtime_s == 4294967296);
	assert_int_equal(entry.size_bytes, LARGE_BYTES);
	assert_int_equal(ext4_reader_read(&reader, &entry, 100, &text, NULL, &err), -EFBIG);
	done(ext4_reader_read(&reader, &entry, LARGE_BYTES, &text, &size_bytes, &err), &err);
	assert_memory_equal(text, data, LARGE_BYTES);

	done(ext4_reader_look(&reader, "/c", &entry, &err), &err);
	assert_true(S_ISLNK(entry.mode));
	done(ext4_reader_read(&reader, &entry, 4096, &target, NULL, &err), &err);
	assert_string_equal(target, LONG_TARGET);
	done(ext4_reader_look(&reader, "/", &entry, &err), &err);
	done(ext4_reader_list(&reader, &entry, count_name, &names, &err), &err);
	assert_int_equal(names, 3);
	ext4_reader_close(&reader);
}

static void a_missing_file_is_enoent(void **state)
{
	struct ext4_entry entry;
	struct error err;

	(void)state;
	done(ext4_files_write(&files, "/file", "", 0, &public, &err), &err);
	close_files();
	done(ext4_reader_open(&reader, image.path, 0, &err), &err);
	assert_int_equal(ext4_reader_look(&reader, "/none", &entry, &err), -ENOENT);
	assert_int_equal(ext4_reader_follow(&reader, "/file/none", &entry, &err), -ENOTDIR);
	ext4_reader_close(&reader);
}

static void removes_files_and_links_with_their_blocks(void **state)
{
	AUTO_FREE char *data = calloc(1, LARGE_BYTES);
	struct error err;

	(void)state;
	memset(data, 'x', LARGE_BYTES);
	done(ext4_files_write(&files, "/a/large", data, LARGE_BYTES, &public, &err), &err);
	done(ext4_files_link(&files, "/a/short", "b", 1, &err), &err);
	done(ext4_files_link(&files, "/a/long", LONG_TARGET, 1, &err), &err);
	done(ext4_remove(&files, "/a/large", &err), &err);
	done(ext4_remove(&files, "/a/short", &err), &err);
	done(ext4_remove(&files, "/a/long", &err), &err);
	done(ext4_remove(&files, "/a/none", &err), &err);
	done(ext4_remove(&files, "/none/none", &err), &err);
	done(ext4_files_write(&files, "/a/large", "new", 3, &private, &err), &err);
	close_files();
	answers("cat /a/large", "new");
}

static void removes_no_folder(void **state)
{
	struct error err;

	(void)state;
	done(ext4_files_make_folder(&files, "/a/b", &public, &err), &err);
	assert_int_equal(ext4_remove(&files, "/a/b", &err), -EISDIR);
	assert_string_equal(err.text, "/a/b: it is a folder");
	close_files();
}

/* Run once for each of two images; the bytes are compared. */
static void write_some(const char *path)
{
	struct error err;

	done(ext4_files_open(&files, path, 0, &err), &err);
	done(ext4_files_write(&files, "/a/b", "text", 4, &public, &err), &err);
	done(ext4_files_link(&files, "/a/c", LONG_TARGET, 1, &err), &err);
	done(ext4_files_close(&files, &err), &err);
}

static void the_same_calls_give_the_same_bytes(void **state)
{
	char command[300], copy[100];
	struct error err;

	(void)state;
	done(ext4_files_close(&files, &err), &err);
	setenv("E2FSPROGS_FAKE_TIME", "315532800", 1);
	snprintf(copy, sizeof(copy), "%s.copy", image.path);
	snprintf(command, sizeof(command), "cp %s %s", image.path, copy);
	assert_int_equal(system(command), 0);
	write_some(image.path);
	write_some(copy);
	unsetenv("E2FSPROGS_FAKE_TIME");
	snprintf(command, sizeof(command), "cmp %s %s", image.path, copy);
	assert_int_equal(system(command), 0);
	unlink(copy);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_files, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_parents_and_keeps_mode_owner_and_time),
		TEST(sets_an_existing_folder_and_the_root),
		TEST(makes_short_and_long_links),
		TEST(fills_a_folder_of_several_blocks),
		TEST(refuses_what_is_there_and_what_is_no_folder),
		TEST(a_full_file_system_is_an_error),
		TEST(reads_back_what_was_written),
		TEST(a_missing_file_is_enoent),
		TEST(removes_files_and_links_with_their_blocks),
		TEST(removes_no_folder),
		TEST(the_same_calls_give_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
