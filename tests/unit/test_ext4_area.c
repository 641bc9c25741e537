/* SPDX-License-Identifier: MIT */
/* Exercises ext4_area by ext4_image. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/units.h"
#include "ext4/ext4_image.h"
#include "ext4/mkfs.h"
#include "image.h"

#define RUNS 8

static struct image image;
static struct ext4_image volume;
static struct ext4_area whole;

static void open_volume(void)
{
	struct error err = { 0 };

	if (ext4_image_open(&volume, image.path, 0, 1, &err) < 0)
		fail_msg("%s", err.text);
	whole = volume.areas[0];
}

static void divide(const uint64_t bytes[EXT4_AREAS_MAX])
{
	struct error err = { 0 };

	if (ext4_image_divide(&volume, bytes, EXT4_AREAS_MAX, &err) < 0)
		fail_msg("%s", err.text);
}

static int make_volume(void **state)
{
	(void)state;
	image_make(&image, NULL);
	open_volume();
	return 0;
}

static int drop_volume(void **state)
{
	(void)state;
	ext4_image_drop(&volume);
	image_remove(&image);
	return 0;
}

/* A run of so many blocks or fewer; 0 if the area is full. */
static uint64_t take(size_t area, uint64_t wanted, struct extent_run *ret)
{
	struct error err = { 0 };
	int r = ext4_image_take_blocks(&volume, area, wanted, ret, &err);

	if (r == 0)
		return ret->count;
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(err.code, EXIT_TARGET_FULL);
	return 0;
}

static const uint64_t quarters[] = { 20 * MIB, 20 * MIB, 20 * MIB, 20 * MIB };

static void areas_are_the_whole_without_overlap(void **state)
{
	uint64_t blocks = 0;

	(void)state;
	divide(quarters);
	assert_int_equal(volume.areas[0].first_block, whole.first_block);
	assert_int_equal(volume.areas[0].next_inode, whole.next_inode);
	for (size_t i = 0; i < EXT4_AREAS_MAX; i++) {
		const struct ext4_area *area = &volume.areas[i];

		assert_true(area->first_block < area->end_block);
		assert_true(area->next_inode < area->end_inode);
		if (i > 0) {
			assert_int_equal(area->first_block, area[-1].end_block);
			assert_int_equal(area->next_inode, area[-1].end_inode);
		}
		blocks += area->free_blocks;
	}
	assert_int_equal(volume.areas[EXT4_AREAS_MAX - 1].end_block, whole.end_block);
	assert_int_equal(volume.areas[EXT4_AREAS_MAX - 1].end_inode, whole.end_inode);
	assert_int_equal(blocks, whole.free_blocks);
}

static void inodes_of_an_area_begin_with_a_block_of_the_table(void **state)
{
	(void)state;
	divide((const uint64_t[]){ 7 * MIB, 13 * MIB, 5 * MIB, 1 });
	for (size_t i = 0; i < EXT4_AREAS_MAX; i++)
		assert_int_equal((volume.areas[i].next_inode - 1) % (4096 / 256), 0);
}

/* In blocks of 4 KiB. */
static void an_area_has_its_bytes_and_a_quarter_of_the_rest(void **state)
{
	uint64_t rest;

	(void)state;
	divide((const uint64_t[]){ 20 * MIB, 8 * MIB, 4 * MIB, 8 * MIB });
	rest = whole.free_blocks - 40 * 256;
	assert_int_equal(volume.areas[0].free_blocks, 20 * 256 + rest / 4);
	assert_int_equal(volume.areas[1].free_blocks, 8 * 256 + rest / 4);
	assert_int_equal(volume.areas[2].free_blocks, 4 * 256 + rest / 4);
}

static void on_too_small_a_disk_areas_are_in_proportion(void **state)
{
	(void)state;
	divide((const uint64_t[]){ 60 * MIB, 30 * MIB, 20 * MIB, 10 * MIB });
	assert_in_range(
		volume.areas[0].free_blocks, whole.free_blocks / 2 - 1, whole.free_blocks / 2);
	assert_in_range(
		volume.areas[1].free_blocks, whole.free_blocks / 4 - 1, whole.free_blocks / 4);
	assert_in_range(
		volume.areas[2].free_blocks, whole.free_blocks / 6 - 1, whole.free_blocks / 6);
}

static void an_area_without_blocks_is_full(void **state)
{
	struct extent_run run;

	(void)state;
	divide((const uint64_t[]){ 0, 70 * MIB, 0, 0 });
	assert_int_equal(take(0, 1, &run), 0);
	assert_int_equal(take(2, 1, &run), 0);
	assert_true(take(1, 1, &run) > 0);
}

/* Each of its free blocks is given away once, and no block of another area. */
static void an_area_gives_all_that_it_has(void **state)
{
	(void)state;
	divide(quarters);
	for (size_t i = 0; i < EXT4_AREAS_MAX; i++) {
		uint64_t free_blocks = volume.areas[i].free_blocks, blocks = 0, last = 0;
		struct extent_run run;

		while (take(i, 1, &run) > 0) {
			assert_true(run.start >= last && run.start >= volume.areas[i].first_block);
			last = run.start + run.count;
			assert_true(last <= volume.areas[i].end_block);
			blocks += run.count;
		}
		assert_int_equal(blocks, free_blocks);
		assert_true(ext4_image_area_is_full(&volume));
	}
}

static void the_whole_that_is_full_is_no_full_area(void **state)
{
	struct extent_run run;

	(void)state;
	while (take(0, 1, &run) > 0)
		;
	assert_false(ext4_image_area_is_full(&volume));
}

static void more_than_an_area_has_left_is_refused_at_once(void **state)
{
	struct extent_run run;

	(void)state;
	divide(quarters);
	assert_int_equal(take(1, volume.areas[1].free_blocks + 1, &run), 0);
	assert_true(take(1, volume.areas[1].free_blocks, &run) > 0);
}

static void returned_blocks_are_given_again(void **state)
{
	struct extent_run run, again;

	(void)state;
	divide(quarters);
	assert_true(take(1, 10, &run) >= 10);
	while (take(1, 1, &again) > 0)
		;
	ext4_image_return_blocks(&volume, 1, &run);
	assert_int_equal(take(1, 1, &again), run.count);
	assert_int_equal(again.start, run.start);
}

/* What areas give in turns is what each gives alone. */
static void areas_do_not_influence_each_other(void **state)
{
	struct extent_run blocks[EXT4_AREAS_MAX][RUNS], inodes[EXT4_AREAS_MAX], run;
	struct error err = { 0 };

	(void)state;
	divide(quarters);
	for (size_t i = 0; i < RUNS; i++)
		for (size_t area = 0; area < EXT4_AREAS_MAX; area++)
			if (take(area, 1 + 7 * i, &blocks[area][i]) == 0)
				blocks[area][i].count = 0;
	for (size_t area = 0; area < EXT4_AREAS_MAX; area++)
		assert_int_equal(ext4_image_take_inodes(&volume, area, &inodes[area], &err), 0);
	ext4_image_drop(&volume);
	open_volume();
	divide(quarters);
	for (size_t area = EXT4_AREAS_MAX; area-- > 0;) {
		assert_int_equal(ext4_image_take_inodes(&volume, area, &run, &err), 0);
		assert_int_equal(run.start, inodes[area].start);
		assert_int_equal(run.count, inodes[area].count);
		for (size_t i = 0; i < RUNS; i++) {
			assert_int_equal(take(area, 1 + 7 * i, &run), blocks[area][i].count);
			if (blocks[area][i].count > 0)
				assert_int_equal(run.start, blocks[area][i].start);
		}
	}
}

static void inodes_of_an_area_end_with_it(void **state)
{
	struct extent_run run;
	struct error err = { 0 };
	uint64_t next;

	(void)state;
	divide(quarters);
	next = volume.areas[1].next_inode;
	while (ext4_image_take_inodes(&volume, 1, &run, &err) == 0) {
		assert_int_equal(run.start, next);
		next += run.count;
	}
	assert_int_equal(err.code, EXIT_TARGET_FULL);
	assert_int_equal(next, volume.areas[2].next_inode);
}

static void what_is_joined_is_the_whole(void **state)
{
	struct error err = { 0 };
	struct extent_run run;

	(void)state;
	divide(quarters);
	assert_true(take(0, 1, &run) > 0 && take(3, 1, &run) > 0);
	assert_int_equal(ext4_image_join(&volume, &err), 0);
	assert_int_equal(volume.area_count, 1);
	assert_int_equal(volume.areas[0].end_block, whole.end_block);
	while (take(0, 1, &run) > 0)
		;
	assert_int_equal(volume.areas[0].free_blocks, 0);
}

/* The data stay together on a disk that is much larger. */
static void areas_of_a_large_disk_are_limited(void **state)
{
	const struct mkfs_request request = {
		.path = image.path,
		.size_bytes = 40 * GIB,
		.label = "nixos",
		.uuid = "44444444-4444-4444-8444-444444444444",
		.hash_seed = "55555555-5555-4555-8555-555555555555",
	};
	struct error err = { 0 };

	(void)state;
	ext4_image_drop(&volume);
	assert_int_equal(truncate(image.path, (off_t)request.size_bytes), 0);
	assert_int_equal(mkfs_ext4(&request, &err), 0);
	open_volume();
	divide(quarters);
	for (size_t i = 0; i + 1 < EXT4_AREAS_MAX; i++)
		assert_int_equal(volume.areas[i].free_blocks, (4 * 20 + 16) * MIB / 4096);
	assert_int_equal(volume.areas[EXT4_AREAS_MAX - 1].end_block, whole.end_block);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_volume, drop_volume)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(areas_are_the_whole_without_overlap),
		TEST(inodes_of_an_area_begin_with_a_block_of_the_table),
		TEST(an_area_has_its_bytes_and_a_quarter_of_the_rest),
		TEST(on_too_small_a_disk_areas_are_in_proportion),
		TEST(an_area_without_blocks_is_full),
		TEST(an_area_gives_all_that_it_has),
		TEST(the_whole_that_is_full_is_no_full_area),
		TEST(more_than_an_area_has_left_is_refused_at_once),
		TEST(returned_blocks_are_given_again),
		TEST(areas_do_not_influence_each_other),
		TEST(inodes_of_an_area_end_with_it),
		TEST(what_is_joined_is_the_whole),
		TEST(areas_of_a_large_disk_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
