/* SPDX-License-Identifier: MIT */
/* Exercises closure and narinfo_queue. */
#include <errno.h>
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

#include "cachedir.h"
#include "nix/closure_walk.h"

/* system -> left, right; left -> base; right -> base, right; base -> base */
#define SYSTEM "00000000000000000000000000000001-system"
#define LEFT   "00000000000000000000000000000002-left"
#define RIGHT  "00000000000000000000000000000003-right"
#define BASE   "00000000000000000000000000000004-base"

static struct cachedir cache;
static struct cache_settings config;

static void add(const struct cachedir *to, const char *name, const char *references)
{
	struct cachedir_entry entry = {
		.name = name, .references = references, .nar = "0123456789", .nar_bytes = 10
	};

	cachedir_add(to, &entry);
}

static int make_diamond(void **state)
{
	(void)state;
	cachedir_make(&cache);
	cachedir_config(&cache, &config);
	add(&cache, SYSTEM, LEFT " " RIGHT);
	add(&cache, LEFT, BASE);
	add(&cache, RIGHT, RIGHT " " BASE);
	add(&cache, BASE, BASE);
	return 0;
}

static int remove_diamond(void **state)
{
	(void)state;
	cachedir_remove(&cache);
	return 0;
}

static void refused(int code, const char *sentence)
{
	struct closure closure;
	struct error err = { 0 };

	assert_true(closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err) < 0);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
}

static void a_diamond_is_walked_once_each_breadth_first(void **state)
{
	static const char *const order[] = { SYSTEM, LEFT, RIGHT, BASE };
	struct closure closure;
	struct error err = { 0 };

	(void)state;
	if (closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(closure.count, 4);
	assert_int_equal(closure.nar_bytes, 40);
	for (ssize_t i = 0; i < 4; i++) {
		const char *path = closure.paths[i].info.store_path;

		assert_string_equal(store_path_base_name(path), order[i]);
		assert_int_equal(closure_find(&closure, path), i);
		assert_int_equal(closure_find(&closure, order[i]), i);
	}
	assert_int_equal(closure_find(&closure, "00000000000000000000000000000004-other"), -1);
	closure_free(&closure);
}

/* The boot loader's installer of a system that does not refer to it. */
static void a_second_path_is_walked_too(void **state)
{
	struct closure closure;
	struct error err = { 0 };

	(void)state;
	if (closure_walk(&config, STORE_DIR "/" LEFT, STORE_DIR "/" RIGHT, &closure, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(closure.count, 3);
	assert_int_equal(closure_find(&closure, LEFT), 0);
	assert_int_equal(closure_find(&closure, RIGHT), 1);
	closure_free(&closure);
	assert_true(
		closure_walk(&config, STORE_DIR "/" LEFT,
			STORE_DIR "/00000000000000000000000000000009-program", &closure, &err) < 0);
	if (!strstr(err.text, STORE_DIR "/00000000000000000000000000000009-program is not in /"))
		fail_msg("%s", err.text);
}

static void a_missing_path_is_named_with_its_referrer(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/00000000000000000000000000000004.narinfo", cache.path);
	unlink(path);
	refused(EXIT_FETCH, STORE_DIR "/" BASE ", which " STORE_DIR "/" LEFT " refers to, is not");
}

static void a_missing_system_is_named_with_the_caches(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/00000000000000000000000000000001.narinfo", cache.path);
	unlink(path);
	refused(EXIT_FETCH, STORE_DIR "/" SYSTEM " is not in /tmp/");
}

static void the_second_cache_has_what_the_first_has_not(void **state)
{
	struct cachedir second;
	struct closure closure;
	struct error err = { 0 };
	char path[128];

	(void)state;
	cachedir_make(&second);
	add(&second, BASE, NULL);
	add(&second, LEFT, NULL); /* but the first one is asked first */
	snprintf(config.caches[1], sizeof(config.caches[1]), "%s/", second.path);
	config.cache_count = 2;
	snprintf(path, sizeof(path), "%s/00000000000000000000000000000004.narinfo", cache.path);
	unlink(path);
	if (closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(closure.paths[closure_find(&closure, BASE)].cache, 1);
	assert_int_equal(closure.paths[closure_find(&closure, LEFT)].cache, 0);
	closure_free(&closure);
	cachedir_remove(&second);
}

/* A second cache with BASE, which the first one has otherwise. */
static struct cachedir second;

static void add_second(void)
{
	cachedir_make(&second);
	add(&second, BASE, NULL);
	snprintf(config.caches[1], sizeof(config.caches[1]), "%s", second.path);
	config.cache_count = 2;
}

static void base_comes_from_the_second(void)
{
	struct closure closure;
	struct error err = { 0 };

	if (closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(closure.paths[closure_find(&closure, BASE)].cache, 1);
	assert_int_equal(closure.nar_bytes, 40);
	closure_free(&closure);
	cachedir_remove(&second);
}

static void what_one_cache_has_not_signed_comes_from_the_next(void **state)
{
	(void)state;
	add_second();
	cachedir_change(&cache, BASE, "Sig: ", "Old: ");
	base_comes_from_the_second();
}

static void what_one_cache_describes_badly_comes_from_the_next(void **state)
{
	(void)state;
	add_second();
	cachedir_change(&cache, BASE, "NarSize: ", "NarSize: x");
	base_comes_from_the_second();
}

static void what_no_cache_has_signed_is_refused_with_all_reasons(void **state)
{
	char path[128], sentence[256];

	(void)state;
	add_second();
	cachedir_change(&cache, BASE, "Sig: ", "Old: ");
	cachedir_change(&second, BASE, "Sig: ", "Sig: x");
	snprintf(sentence, sizeof(sentence),
		"; then %s/00000000000000000000000000000004.narinfo: ", second.path);
	refused(EXIT_VERIFY, sentence);
	refused(EXIT_VERIFY, "its signatures: none");
	snprintf(path, sizeof(path), "%s/00000000000000000000000000000004.narinfo", second.path);
	unlink(path);
	refused(EXIT_VERIFY, "its signatures: none); no other cache has it");
	cachedir_remove(&second);
}

static void an_unreadable_narinfo_is_not_a_missing_one(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/00000000000000000000000000000004.narinfo", cache.path);
	unlink(path);
	assert_int_equal(symlink(path, path), 0); /* ELOOP */
	refused(EXIT_FETCH, "Too many levels of symbolic links");
}

static void a_narinfo_of_another_path_is_refused(void **state)
{
	(void)state;
	cachedir_change(&cache, BASE, "-base\n", "-bass\n");
	refused(EXIT_FETCH, "it describes " STORE_DIR "/00000000000000000000000000000004-bass");
}

static void a_forged_narinfo_is_refused(void **state)
{
	(void)state;
	cachedir_change(&cache, BASE, "NarSize: 10", "NarSize: 11");
	refused(EXIT_VERIFY, STORE_DIR "/" BASE " carries a wrong signature");
}

static void an_unsigned_path_is_refused_unless_anything_is_trusted(void **state)
{
	struct closure closure;
	struct error err = { 0 };

	(void)state;
	cachedir_change(&cache, LEFT, "Sig: ", "Other: ");
	refused(EXIT_VERIFY, STORE_DIR "/" LEFT " is not signed by a trusted key (trusted: test-1");
	config.trust_anything = true;
	assert_int_equal(closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err), 0);
	closure_free(&closure);
}

static void a_bad_narinfo_is_named_by_its_url(void **state)
{
	(void)state;
	cachedir_change(&cache, BASE, "NarSize", "NarSice");
	refused(EXIT_FETCH,
		"/00000000000000000000000000000004.narinfo: the field NarSize is missing");
}

static void a_narinfo_above_a_mebibyte_is_refused(void **state)
{
	char *text = calloc(1, NARINFO_BYTES_MAX + 1);

	(void)state;
	memset(text, 'x', NARINFO_BYTES_MAX + 1);
	cachedir_write(
		&cache, "00000000000000000000000000000004.narinfo", text, NARINFO_BYTES_MAX + 1);
	free(text);
	refused(EXIT_FETCH, "it is larger than 1048576 bytes");
}

static void sizes_whose_sum_overflows_are_refused(void **state)
{
	(void)state;
	config.trust_anything = true;
	cachedir_change(&cache, LEFT, "NarSize: 10", "NarSize: 9223372036854775807");
	refused(EXIT_FETCH, "larger than any disk");
	cachedir_change(
		&cache, LEFT, "NarSize: 9223372036854775807", "NarSize: 8384883669867978007");
	refused(EXIT_FETCH, "larger than any disk");
	cachedir_change(
		&cache, LEFT, "NarSize: 8384883669867978007", "NarSize: 18446744073709551615");
	refused(EXIT_FETCH, "larger than any disk");
}

static void a_cache_for_another_store_is_refused(void **state)
{
	(void)state;
	cachedir_write(&cache, "nix-cache-info", "StoreDir: /gnu/store\n", 21);
	refused(EXIT_FETCH, "its store directory is /gnu/store");
	cachedir_write(&cache, "nix-cache-info", "StoreDir: /nix/store/\n", 22);
	refused(EXIT_FETCH, "its store directory is /nix/store/, not");
}

static void a_folder_that_is_no_cache_is_refused(void **state)
{
	(void)state;
	strcpy(config.caches[0], "/nonexistent");
	refused(EXIT_FETCH, "/nonexistent is not a binary cache that can be read");
}

static void a_system_that_is_no_store_path_is_refused(void **state)
{
	struct closure closure;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(closure_walk(&config, "/nix/store/x", "", &closure, &err), -EINVAL);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
}

static void a_closure_of_thousands_is_walked(void **state)
{
	enum {
		COUNT = 3000
	};
	struct closure closure;
	struct error err = { 0 };
	char name[64], next[64];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%032d-path", 1000 + i);
		snprintf(next, sizeof(next), "%032d-path", 1000 + i + 1);
		add(&cache, name, i < COUNT - 1 ? next : NULL);
	}
	if (closure_walk(&config, "/nix/store/00000000000000000000000000001000-path", "", &closure,
		    &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(closure.count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%032d-path", 1000 + i);
		assert_int_equal(closure_find(&closure, name), i);
	}
	closure_free(&closure);
}

#define WIDE 40 /* paths that one refers to */

static const char *wide_name(int i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%032d-leaf", 1000 + i);
	return name;
}

/* A system that refers to many paths, which threads verify at the same time. */
static void make_wide(void)
{
	char references[WIDE * 40] = "";

	for (int i = 0; i < WIDE; i++) {
		add(&cache, wide_name(i), NULL);
		snprintf(references + strlen(references), sizeof(references) - strlen(references),
			"%s%s", i ? " " : "", wide_name(i));
	}
	add(&cache, SYSTEM, references);
}

static void paths_that_are_verified_in_threads_keep_their_order(void **state)
{
	(void)state;
	make_wide();
	for (int round = 0; round < 20; round++) {
		struct closure closure;
		struct error err = { 0 };

		if (closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(closure.count, 1 + WIDE);
		for (int i = 0; i < WIDE; i++)
			assert_int_equal(closure_find(&closure, wide_name(i)), 1 + i);
		closure_free(&closure);
	}
}

/* What kinds of errors there are takes more or less time to find out. */
static void the_first_error_is_always_the_same(void **state)
{
	char path[128], sentence[128];

	(void)state;
	make_wide();
	cachedir_change(&cache, wide_name(10), "NarSize: 10", "NarSize: 11");
	cachedir_change(&cache, wide_name(11), "URL:", "Url:");
	cachedir_change(&cache, wide_name(38), "NarSize: 10", "NarSize: 11");
	snprintf(path, sizeof(path), "%s/%.32s.narinfo", cache.path, wide_name(12));
	unlink(path);
	snprintf(path, sizeof(path), "%s/%.32s.narinfo", cache.path, wide_name(13));
	unlink(path);
	mkdir(path, 0755);
	snprintf(sentence, sizeof(sentence), "%s carries a wrong signature", wide_name(10));
	for (int round = 0; round < 20; round++)
		refused(EXIT_VERIFY, sentence);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_diamond, remove_diamond)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_diamond_is_walked_once_each_breadth_first),
		TEST(a_second_path_is_walked_too),
		TEST(a_missing_path_is_named_with_its_referrer),
		TEST(a_missing_system_is_named_with_the_caches),
		TEST(the_second_cache_has_what_the_first_has_not),
		TEST(what_one_cache_has_not_signed_comes_from_the_next),
		TEST(what_one_cache_describes_badly_comes_from_the_next),
		TEST(what_no_cache_has_signed_is_refused_with_all_reasons),
		TEST(an_unreadable_narinfo_is_not_a_missing_one),
		TEST(a_narinfo_of_another_path_is_refused),
		TEST(a_forged_narinfo_is_refused),
		TEST(an_unsigned_path_is_refused_unless_anything_is_trusted),
		TEST(a_bad_narinfo_is_named_by_its_url),
		TEST(a_narinfo_above_a_mebibyte_is_refused),
		TEST(sizes_whose_sum_overflows_are_refused),
		TEST(a_cache_for_another_store_is_refused),
		TEST(a_folder_that_is_no_cache_is_refused),
		TEST(a_system_that_is_no_store_path_is_refused),
		TEST(a_closure_of_thousands_is_walked),
		TEST(paths_that_are_verified_in_threads_keep_their_order),
		TEST(the_first_error_is_always_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
