/* SPDX-License-Identifier: MIT */
/* Exercises copy and, below it, copy_groups, allocator, store_dir and ext4_area: the same bytes by
 * any number of workers. The oracle is e2fsck. */
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

#include "archive.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/units.h"
#include "cachedir.h"
#include "image.h"
#include "nix/closure_walk.h"
#include "store/copy.h"

#define MAGIC	    "nix-archive-1 "
#define IMAGE_BYTES (64 * MIB)
#define PIECE_BYTES 4096

/* A closure in which each path refers to the one that was added before. */
static struct cachedir cache;
static struct cache_settings config;
static struct closure closure;
static struct image image;
static char last[64]; /* the path that was added last */
static size_t path_count;

static int make_cache(void **state)
{
	(void)state;
	setenv("E2FSPROGS_FAKE_TIME", "1000000000", 1);
	cachedir_make(&cache);
	cachedir_config(&cache, &config);
	last[0] = '\0';
	path_count = 0;
	return 0;
}

static int remove_cache(void **state)
{
	(void)state;
	closure_free(&closure);
	image_remove(&image);
	cachedir_remove(&cache);
	return 0;
}

static void add_path(const void *nar, size_t nar_bytes)
{
	char name[64];
	const struct cachedir_entry entry = {
		.name = name,
		.references = last[0] ? last : NULL,
		.nar = nar,
		.nar_bytes = nar_bytes,
		.compression = path_count % 2 ? COMPRESSION_ZSTD : COMPRESSION_NONE,
	};

	snprintf(name, sizeof(name), "%032zu-path", 1000 + path_count++);
	cachedir_add(&cache, &entry);
	memcpy(last, name, sizeof(last));
}

/* A path that is one file. */
static void add_file(size_t size_bytes)
{
	struct archive head = { 0 }, tail = { 0 };
	AUTO_FREE uint8_t *nar = NULL;
	size_t padding = -size_bytes % 8;

	archive_add(&head, MAGIC "( type regular contents");
	archive_add_length(&head, size_bytes);
	archive_add(&tail, ")");
	nar = must_realloc(NULL, head.size_bytes + size_bytes + padding + tail.size_bytes, 1);
	memcpy(nar, head.bytes, head.size_bytes);
	for (size_t i = 0; i < size_bytes; i++)
		nar[head.size_bytes + i] = (uint8_t)((i + path_count) * 2654435761U >> 24);
	memset(nar + head.size_bytes + size_bytes, 0, padding);
	memcpy(nar + head.size_bytes + size_bytes + padding, tail.bytes, tail.size_bytes);
	add_path(nar, head.size_bytes + size_bytes + padding + tail.size_bytes);
}

/* A path of many small files and folders. */
static void add_tree(size_t count)
{
	AUTO_FREE uint8_t *nar = must_realloc(NULL, count + 2, 512);
	size_t size_bytes = 0;

	for (size_t i = 0; i < count + 2; i++) {
		struct archive piece = { 0 };
		char words[160];

		snprintf(words, sizeof(words),
			i % 10 ? "entry ( name f%05zu node ( type regular contents text%zu ) )"
			       : "entry ( name f%05zu node ( type directory ) )",
			i, i % 7);
		archive_add(&piece, i == 0	     ? MAGIC "( type directory"
				    : i == count + 1 ? ")"
						     : words);
		memcpy(nar + size_bytes, piece.bytes, piece.size_bytes);
		size_bytes += piece.size_bytes;
	}
	add_path(nar, size_bytes);
}

static void walk(void)
{
	struct archive archive = { 0 };
	struct cachedir_entry entry = {
		.name = "00000000000000000000000000000000-system",
		.references = last,
		.nar = archive.bytes,
	};
	struct error err = { 0 };

	archive_add(&archive, MAGIC "( type symlink target nowhere )");
	entry.nar_bytes = archive.size_bytes;
	cachedir_add(&cache, &entry);
	if (closure_walk(&config, STORE_DIR "/00000000000000000000000000000000-system", "",
		    &closure, &err) < 0)
		fail_msg("%s", err.text);
}

/* Holes are not read, which saves most of the time. */
static uint8_t *read_image(void)
{
	AUTO_CLOSE int fd = open(image.path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = calloc(IMAGE_BYTES, 1);
	off_t at = 0, end;

	assert_non_null(bytes);
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		assert_int_equal(
			file_read_at(fd, bytes + at, (size_t)(end - at), (uint64_t)at), end - at);
		at = end;
	}
	return bytes;
}

/* What is zero is a hole. */
static void write_image(const uint8_t *bytes)
{
	static const uint8_t zeros[PIECE_BYTES];
	AUTO_CLOSE int fd = open(image.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, IMAGE_BYTES), 0);
	for (size_t at = 0; at < IMAGE_BYTES; at += PIECE_BYTES)
		if (memcmp(bytes + at, zeros, PIECE_BYTES) != 0)
			assert_int_equal(file_write_at(fd, bytes + at, PIECE_BYTES, at), 0);
}

static int copy_by(unsigned workers, struct error *err)
{
	const struct copy_target target = { .path = image.path, .workers = workers };

	return copy_closure(&config, &closure, &target, NULL, NULL, err);
}

/* Copies the closure by one, two and four workers to the same file system, which is clean each
 * time. */
static void all_give_the_same_bytes(void)
{
	AUTO_FREE uint8_t *empty = read_image();
	AUTO_FREE uint8_t *of_one = NULL;

	for (unsigned workers = 1; workers <= 4; workers *= 2) {
		AUTO_FREE uint8_t *bytes = NULL;
		struct error err = { 0 };

		write_image(empty);
		if (copy_by(workers, &err) < 0)
			fail_msg("%u workers: %s", workers, err.text);
		assert_true(image_is_clean(&image));
		bytes = read_image();
		if (of_one) {
			assert_int_equal(memcmp(bytes, of_one, IMAGE_BYTES), 0);
		} else {
			of_one = bytes;
			bytes = NULL;
		}
	}
}

static void every_path_is_there(void)
{
	const char *names = image_ask(&image, "ls -p /nix/store");

	for (size_t i = 0; i < path_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "/%032zu-path/", 1000 + i);
		assert_non_null(strstr(names, name));
	}
}

static void copies_are_equal_and_whole(void)
{
	walk();
	all_give_the_same_bytes();
	every_path_is_there();
}

static void many_small_paths(void **state)
{
	(void)state;
	image_make(&image, NULL);
	for (size_t i = 0; i < 60; i++)
		add_file(i % 3 * 1000 + i % 50);
	for (size_t i = 0; i < 10; i++)
		add_tree(1 + 4 * i * i);
	copies_are_equal_and_whole();
}

static void a_huge_path(void **state)
{
	(void)state;
	image_make(&image, NULL);
	add_file(24 * MIB);
	add_tree(300);
	for (size_t i = 0; i < 8; i++)
		add_file(100000 + i);
	copies_are_equal_and_whole();
}

static void blocks_of_1_kib(void **state)
{
	(void)state;
	image_make(&image, "-b 1024 -I 256 -N 8192");
	add_file(9 * MIB);
	for (size_t i = 0; i < 10; i++)
		add_tree(1 + 10 * i);
	for (size_t i = 0; i < 15; i++)
		add_file(i * 10000);
	copies_are_equal_and_whole();
}

/* The small files need ten times their archive's bytes, which their area does not have. */
static void blocks_run_out_in_an_area(void **state)
{
	(void)state;
	image_make(&image, NULL);
	for (size_t i = 0; i < 9; i++)
		add_file(5 * MIB - 1000 * i);
	add_tree(1500);
	copies_are_equal_and_whole();
}

static void inodes_run_out_in_an_area(void **state)
{
	(void)state;
	image_make(&image, "-b 4096 -I 256 -N 2048");
	for (size_t i = 0; i < 4; i++)
		add_file(3 * MIB);
	add_tree(1900);
	copies_are_equal_and_whole();
}

static void what_the_disk_cannot_hold_is_refused(void **state)
{
	(void)state;
	image_make(&image, NULL);
	for (size_t i = 0; i < 11; i++)
		add_file(5 * MIB);
	add_tree(1500);
	walk();
	for (unsigned workers = 1; workers <= 4; workers *= 2) {
		struct error err = { 0 };

		assert_int_equal(copy_by(workers, &err), -ENOSPC);
		assert_int_equal(err.code, EXIT_TARGET_FULL);
		assert_true(image_is_clean(&image));
		assert_null(strstr(image_ask(&image, "ls /"), "nix"));
	}
}

/* The tables of inodes hold what an earlier file system has left there. */
static void a_disk_that_was_in_use(void **state)
{
	const char *tables;
	AUTO_FREE uint8_t *bytes = NULL;

	(void)state;
	image_make(&image, "-b 4096 -I 256 -N 4096 -E lazy_itable_init=1,nodiscard");
	tables = strstr(image_ask(&image, "stats"), "inode table at ");
	assert_non_null(tables);
	bytes = read_image();
	/* All but the first blocks of the table, where the reserved inodes are. */
	memset(bytes + (strtoul(tables + strlen("inode table at "), NULL, 10) + 2) * 4096, 0xa5,
		(4096 / 16 - 2) * 4096);
	write_image(bytes);
	for (size_t i = 0; i < 12; i++)
		add_tree(40 + i);
	copies_are_equal_and_whole();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_cache, remove_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_small_paths),
		TEST(a_huge_path),
		TEST(blocks_of_1_kib),
		TEST(blocks_run_out_in_an_area),
		TEST(inodes_run_out_in_an_area),
		TEST(what_the_disk_cannot_hold_is_refused),
		TEST(a_disk_that_was_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
