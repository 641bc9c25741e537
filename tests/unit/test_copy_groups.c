/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "store/copy_groups.h"

#define PATHS 500

static struct closure closure;
static struct copy_groups groups;

/* Sizes as a closure has them: most are small, a few have most of the bytes. */
static int make_closure(void **state)
{
	(void)state;
	closure.count = PATHS;
	closure.paths = must_realloc(NULL, PATHS, sizeof(*closure.paths));
	memset(closure.paths, 0, PATHS * sizeof(*closure.paths));
	for (size_t i = 0; i < PATHS; i++)
		closure.paths[i].info.nar_bytes = i % 50 == 7 ? (i + 1) * MIB / 8
							      : 200 + i * 7919 % 100000;
	return 0;
}

static int drop_closure(void **state)
{
	(void)state;
	copy_groups_free(&groups);
	free(closure.paths);
	return 0;
}

static void every_path_is_read_once(void **state)
{
	(void)state;
	for (size_t workers = 1; workers <= COPY_GROUPS_MAX; workers++) {
		bool seen[PATHS] = { false };

		copy_groups_make(&closure, COPY_GROUPS_MAX, workers, &groups);
		for (size_t i = 0; i < PATHS; i++) {
			assert_false(seen[groups.order[i]]);
			seen[groups.order[i]] = true;
		}
		copy_groups_free(&groups);
	}
}

static void groups_do_not_depend_on_the_number_of_workers(void **state)
{
	uint8_t of_one[PATHS];
	uint64_t bytes[COPY_GROUPS_MAX];

	(void)state;
	copy_groups_make(&closure, COPY_GROUPS_MAX, 1, &groups);
	memcpy(of_one, groups.groups, sizeof(of_one));
	memcpy(bytes, groups.bytes, sizeof(bytes));
	for (size_t workers = 2; workers <= COPY_GROUPS_MAX; workers++) {
		copy_groups_free(&groups);
		copy_groups_make(&closure, COPY_GROUPS_MAX, workers, &groups);
		assert_memory_equal(groups.groups, of_one, sizeof(of_one));
		assert_memory_equal(groups.bytes, bytes, sizeof(bytes));
	}
}

/* What a group writes, and where, follows from the order of its paths. */
static void the_order_within_a_group_is_always_the_same(void **state)
{
	size_t of_one[COPY_GROUPS_MAX][PATHS], counts[COPY_GROUPS_MAX] = { 0 };

	(void)state;
	copy_groups_make(&closure, COPY_GROUPS_MAX, 1, &groups);
	for (size_t i = 0; i < PATHS; i++) {
		size_t group = groups.groups[groups.order[i]];

		of_one[group][counts[group]++] = groups.order[i];
	}
	for (size_t workers = 2; workers <= COPY_GROUPS_MAX; workers++) {
		size_t next[COPY_GROUPS_MAX] = { 0 };

		copy_groups_free(&groups);
		copy_groups_make(&closure, COPY_GROUPS_MAX, workers, &groups);
		for (size_t i = 0; i < PATHS; i++) {
			size_t group = groups.groups[groups.order[i]];

			assert_int_equal(groups.order[i], of_one[group][next[group]++]);
		}
	}
}

static void groups_have_about_the_same_bytes(void **state)
{
	(void)state;
	copy_groups_make(&closure, COPY_GROUPS_MAX, 2, &groups);
	for (size_t i = 1; i < COPY_GROUPS_MAX; i++) {
		assert_true(groups.bytes[i] < groups.bytes[0] + groups.bytes[0] / 50);
		assert_true(groups.bytes[0] < groups.bytes[i] + groups.bytes[i] / 50);
	}
}

/* The time that a path takes, in bytes. */
static uint64_t cost(size_t path)
{
	return closure.paths[path].info.nar_bytes + 64 * 1024;
}

/* A transfer is started in the order, and takes a buffer until its worker reads it. */
static void no_worker_reads_far_ahead_of_another(void **state)
{
	uint64_t largest = 0;

	(void)state;
	for (size_t i = 0; i < PATHS; i++)
		if (cost(i) > largest)
			largest = cost(i);
	for (size_t workers = 2; workers <= COPY_GROUPS_MAX; workers *= 2) {
		uint64_t bytes[COPY_GROUPS_MAX] = { 0 };

		copy_groups_make(&closure, COPY_GROUPS_MAX, workers, &groups);
		for (size_t i = 0; i < PATHS; i++) {
			size_t path = groups.order[i];

			for (size_t other = 0; other < workers; other++)
				assert_true(bytes[groups.groups[path] % workers] <=
					    bytes[other] + largest);
			bytes[groups.groups[path] % workers] += cost(path);
		}
		copy_groups_free(&groups);
	}
}

static void each_worker_finds_its_own_paths(void **state)
{
	size_t found = 0;

	(void)state;
	copy_groups_make(&closure, COPY_GROUPS_MAX, 2, &groups);
	for (size_t worker = 0; worker < 2; worker++) {
		for (size_t at = copy_groups_find(&groups, worker, 0); at < PATHS;
			at = copy_groups_find(&groups, worker, at + 1), found++)
			assert_int_equal(groups.groups[groups.order[at]] % 2, worker);
	}
	assert_int_equal(found, PATHS);
	assert_int_equal(copy_groups_find(&groups, 0, PATHS), PATHS);
}

static void a_huge_path_has_a_group_to_itself(void **state)
{
	(void)state;
	closure.paths[3].info.nar_bytes = 64 * GIB;
	copy_groups_make(&closure, COPY_GROUPS_MAX, 2, &groups);
	for (size_t i = 0; i < PATHS; i++)
		assert_true(i == 3 || groups.groups[i] != groups.groups[3]);
}

static void one_group_has_the_largest_paths_first(void **state)
{
	(void)state;
	copy_groups_make(&closure, 1, 1, &groups);
	for (size_t i = 1; i < PATHS; i++)
		assert_true(closure.paths[groups.order[i - 1]].info.nar_bytes >=
			    closure.paths[groups.order[i]].info.nar_bytes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_closure, drop_closure)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_path_is_read_once),
		TEST(groups_do_not_depend_on_the_number_of_workers),
		TEST(the_order_within_a_group_is_always_the_same),
		TEST(groups_have_about_the_same_bytes),
		TEST(no_worker_reads_far_ahead_of_another),
		TEST(each_worker_finds_its_own_paths),
		TEST(a_huge_path_has_a_group_to_itself),
		TEST(one_group_has_the_largest_paths_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
