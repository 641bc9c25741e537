/* SPDX-License-Identifier: MIT */
/* Exercises copy, copy_job, worker, archive_source, piece_ring, fallback and prefetch. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "archive.h"
#include "base/cleanup.h"
#include "cachedir.h"
#include "image.h"
#include "nix/closure_walk.h"
#include "store/copy.h"

#define MAGIC	  "nix-archive-1 "
#define SYSTEM	  "00000000000000000000000000000000-system"
#define BIG	  "00000000000000000000000000000001-big"
#define LINK	  "00000000000000000000000000000002-link"
#define LINK_HASH "00000000000000000000000000000002"
#define BIG_BYTES 5000001

#define LINK_WORDS MAGIC "( type symlink target /nix/store/" BIG " )"

/* system (a folder, xz) -> big (one file of some MiB, zstd), link (a symbolic link, none) */
static struct cachedir cache;
static struct cache_settings config;
static struct closure closure;
static struct image image;
static uint8_t *big; /* the archive of BIG */
static size_t big_archive_bytes;

static void add_words(
	const char *name, const char *words, const char *references, enum compression compression)
{
	struct archive archive = { 0 };
	struct cachedir_entry entry = {
		.name = name, .references = references, .compression = compression
	};

	archive_add(&archive, words);
	entry.nar = archive.bytes;
	entry.nar_bytes = archive.size_bytes;
	cachedir_add(&cache, &entry);
}

static uint8_t big_byte(size_t i)
{
	return (uint8_t)(i * 2654435761U >> 24);
}

static void add_big(void)
{
	struct archive head = { 0 }, tail = { 0 };
	struct cachedir_entry entry = { .name = BIG, .compression = COMPRESSION_ZSTD };

	archive_add(&head, MAGIC "( type regular contents");
	archive_add_length(&head, BIG_BYTES);
	archive_add_raw(&tail, "\0\0\0\0\0\0\0", 7);
	archive_add(&tail, ")");
	big_archive_bytes = head.size_bytes + BIG_BYTES + tail.size_bytes;
	big = must_realloc(NULL, big_archive_bytes, 1);
	memcpy(big, head.bytes, head.size_bytes);
	for (size_t i = 0; i < BIG_BYTES; i++)
		big[head.size_bytes + i] = big_byte(i);
	memcpy(big + head.size_bytes + BIG_BYTES, tail.bytes, tail.size_bytes);
	entry.nar = big;
	entry.nar_bytes = big_archive_bytes;
	cachedir_add(&cache, &entry);
}

static int walk(void)
{
	struct error err = { 0 };
	int r = closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	return r;
}

static int make_cache(void **state)
{
	(void)state;
	cachedir_make(&cache);
	cachedir_config(&cache, &config);
	image_make(&image, NULL);
	add_big();
	add_words(LINK, LINK_WORDS, NULL, COMPRESSION_NONE);
	add_words(SYSTEM,
		MAGIC
		"( type directory entry ( name hello node ( type regular contents hello ) ) )",
		BIG " " LINK, COMPRESSION_XZ);
	return walk();
}

static int remove_cache(void **state)
{
	(void)state;
	closure_free(&closure);
	free(big);
	image_remove(&image);
	cachedir_remove(&cache);
	return 0;
}

struct watch {
	size_t calls;
	uint64_t done_bytes;
	uint64_t total_bytes;
};

static void watch_progress(uint64_t done_bytes, uint64_t total_bytes, void *userdata)
{
	struct watch *watch = userdata;

	assert_true(done_bytes >= watch->done_bytes);
	watch->calls++;
	watch->done_bytes = done_bytes;
	watch->total_bytes = total_bytes;
}

/* Of what was copied meanwhile nothing is in the file system. */
static void refused(int code, const char *sentence)
{
	struct error err = { 0 };

	assert_true(copy_closure(&config, &closure, &(struct copy_target){ .path = image.path },
			    NULL, NULL, &err) < 0);
	if (err.code != code || !strstr(err.text, sentence))
		fail_msg("code %d, '%s' does not say '%s'", err.code, err.text, sentence);
	assert_true(image_is_clean(&image));
	assert_null(strstr(image_ask(&image, "ls /"), "nix"));
}

/* The file, folder or link of that name in the store. */
static const char *in_store(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", image.store, name);
	return path;
}

static void copied(copy_progress_fn *progress, void *userdata)
{
	struct error err = { 0 };

	if (copy_closure(&config, &closure, &(struct copy_target){ .path = image.path }, progress,
		    userdata, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(image_is_clean(&image));
	assert_true(image_read(&image));
}

/* Overwrites the file of a path in the cache. */
static void replace_nar(const char *name, const void *data, size_t size)
{
	char nar[64];

	snprintf(nar, sizeof(nar), "nar/%.32s.nar", name);
	cachedir_write(&cache, nar, data, size);
}

static void every_path_arrives_whole(void **state)
{
	struct watch watch = { 0 };
	uint8_t *got = must_realloc(NULL, BIG_BYTES + 1, 1);
	char target[128] = "";
	int fd;

	(void)state;
	copied(watch_progress, &watch);
	fd = open(in_store(BIG), O_RDONLY);
	for (size_t used = 0; used < BIG_BYTES;) {
		ssize_t n = read(fd, got + used, BIG_BYTES + 1 - used);

		assert_true(n > 0);
		used += (size_t)n;
	}
	assert_int_equal(read(fd, target, 1), 0);
	for (size_t i = 0; i < BIG_BYTES; i++)
		assert_int_equal(got[i], big_byte(i));
	close(fd);
	free(got);
	assert_true(readlink(in_store(LINK), target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nix/store/" BIG);
	assert_int_equal(access(in_store(SYSTEM "/hello"), R_OK), 0);
	assert_true(watch.calls >= 1);
	assert_int_equal(watch.done_bytes, closure.nar_bytes);
	assert_int_equal(watch.total_bytes, closure.nar_bytes);
}

static void another_content_is_refused_with_both_hashes(void **state)
{
	struct archive archive = { 0 };

	(void)state;
	archive_add(&archive, MAGIC "( type symlink target /nix/stora/" BIG " )");
	replace_nar(LINK, archive.bytes, archive.size_bytes);
	refused(EXIT_VERIFY,
		STORE_DIR "/" LINK ": the archive has the wrong hash: expected sha256:");
}

static void a_longer_archive_is_refused_before_it_is_written(void **state)
{
	(void)state;
	replace_nar(LINK, big, big_archive_bytes);
	refused(EXIT_VERIFY, STORE_DIR "/" LINK ": ");
}

static void a_shorter_archive_is_refused(void **state)
{
	struct archive archive = { 0 };

	(void)state;
	archive_add(&archive, MAGIC "( type symlink target x )");
	replace_nar(LINK, archive.bytes, archive.size_bytes);
	refused(EXIT_VERIFY, STORE_DIR "/" LINK ": the archive has the wrong size: expected 160 ");
}

static void a_malformed_archive_is_refused(void **state)
{
	char zeros[160] = "";

	(void)state;
	replace_nar(LINK, zeros, sizeof(zeros));
	refused(EXIT_VERIFY, STORE_DIR "/" LINK ": the archive is malformed");
}

/* The archive is bad from its start, while the other thread waits for room for the rest of it. */
static void an_error_wakes_whoever_waits(void **state)
{
	size_t size = ZSTD_compressBound(big_archive_bytes);
	uint8_t *zeros = calloc(1, big_archive_bytes);
	uint8_t *compressed = must_realloc(NULL, size, 1);

	(void)state;
	size = ZSTD_compress(compressed, size, zeros, big_archive_bytes, 1);
	replace_nar(BIG, compressed, size);
	free(compressed);
	free(zeros);
	alarm(60);
	refused(EXIT_VERIFY, STORE_DIR "/" BIG ": the archive is malformed");
	alarm(0);
}

static void damaged_compression_is_refused(void **state)
{
	(void)state;
	replace_nar(BIG, "this is not zstd at all", 23);
	refused(EXIT_FETCH, STORE_DIR "/" BIG ": ");
}

static void a_missing_archive_is_named(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/nar/%.32s.nar", cache.path, BIG);
	unlink(path);
	refused(EXIT_FETCH, STORE_DIR "/" BIG ": fetch file://");
}

/* -------------------------------------------------------- other caches */

/* A second cache with this archive of LINK, in another compression. */
static struct cachedir other;

static void add_other(const char *words, bool is_unsigned)
{
	struct archive archive = { 0 };
	struct cachedir_entry entry = {
		.name = LINK, .compression = COMPRESSION_XZ, .is_unsigned = is_unsigned
	};

	cachedir_make(&other);
	snprintf(config.caches[1], sizeof(config.caches[1]), "%s", other.path);
	config.cache_count = 2;
	archive_add(&archive, words);
	entry.nar = archive.bytes;
	entry.nar_bytes = archive.size_bytes;
	cachedir_add(&other, &entry);
}

static void lose_nar(const struct cachedir *from, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/nar/%.32s.nar", from->path, name);
	assert_int_equal(unlink(path), 0);
}

static int remove_both_caches(void **state)
{
	cachedir_remove(&other);
	return remove_cache(state);
}

static void an_archive_that_was_lost_comes_from_the_next_cache(void **state)
{
	char target[128] = "";

	(void)state;
	add_other(LINK_WORDS, false);
	lose_nar(&cache, LINK);
	copied(NULL, NULL);
	assert_true(readlink(in_store(LINK), target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nix/store/" BIG);
}

static void all_caches_that_were_tried_are_named(void **state)
{
	char path[128];

	(void)state;
	add_other(LINK_WORDS, false);
	lose_nar(&cache, LINK);
	lose_nar(&other, LINK);
	refused(EXIT_FETCH, STORE_DIR "/" LINK ": fetch file:///");
	snprintf(path, sizeof(path), "; then fetch file://%s/nar/", other.path);
	refused(EXIT_FETCH, path);
}

static void a_cache_that_lacks_the_path_is_named(void **state)
{
	(void)state;
	add_other(LINK_WORDS, false);
	lose_nar(&cache, BIG);
	refused(EXIT_FETCH, "00000000000000000000000000000001.narinfo: No such file");
}

static void the_next_cache_is_not_asked_without_need(void **state)
{
	(void)state;
	add_other(LINK_WORDS, false);
	lose_nar(&other, LINK);
	copied(NULL, NULL);
}

static void another_archive_of_the_same_path_is_not_taken(void **state)
{
	(void)state;
	add_other(MAGIC "( type symlink target /nix/stora/" BIG " )", false);
	lose_nar(&cache, LINK);
	refused(EXIT_FETCH, LINK_HASH ".narinfo: it describes another archive of " STORE_DIR
				      "/" LINK ", with the hash sha256:");
}

static void the_next_cache_has_to_sign_too(void **state)
{
	(void)state;
	add_other(LINK_WORDS, true);
	lose_nar(&cache, LINK);
	refused(EXIT_FETCH, STORE_DIR "/" LINK " is not signed by a trusted key");
}

/* The archive of LINK with another target, as long as the one that it should be. */
static void damage_link(const struct cachedir *in)
{
	struct archive archive = { 0 };
	char nar[64];

	archive_add(&archive, MAGIC "( type symlink target /nix/stora/" BIG " )");
	snprintf(nar, sizeof(nar), "nar/%.32s.nar", LINK);
	cachedir_write(in, nar, archive.bytes, archive.size_bytes);
}

static void add_other_big(void)
{
	const struct cachedir_entry entry = {
		.name = BIG,
		.nar = big,
		.nar_bytes = big_archive_bytes,
		.compression = COMPRESSION_NONE,
	};

	add_other(LINK_WORDS, false);
	cachedir_add(&other, &entry);
}

static void a_damaged_archive_comes_from_the_next_cache(void **state)
{
	char target[128] = "";

	(void)state;
	add_other(LINK_WORDS, false);
	damage_link(&cache);
	copied(NULL, NULL);
	assert_true(readlink(in_store(LINK), target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nix/store/" BIG);
	assert_int_equal(closure.paths[closure_find(&closure, LINK)].cache, 1);
	assert_int_equal(closure.paths[closure_find(&closure, BIG)].cache, 0);
}

/* Most of it is on the disk when it is seen to be another one: nothing of that stays. */
static void what_was_written_of_a_damaged_archive_is_overwritten(void **state)
{
	size_t size = ZSTD_compressBound(big_archive_bytes);
	uint8_t *compressed = must_realloc(NULL, size, 1);
	struct stat st;
	uint8_t byte;
	int fd;

	(void)state;
	add_other_big();
	big[BIG_BYTES / 2] ^= 1;
	size = ZSTD_compress(compressed, size, big, big_archive_bytes, 1);
	replace_nar(BIG, compressed, size);
	free(compressed);
	copied(NULL, NULL);
	fd = open(in_store(BIG), O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, BIG_BYTES);
	for (size_t i = 0; i < BIG_BYTES; i += 997) {
		assert_int_equal(pread(fd, &byte, 1, (off_t)i), 1);
		assert_int_equal(byte, big_byte(i));
	}
	close(fd);
}

static void an_archive_that_is_damaged_everywhere_is_refused(void **state)
{
	char sentence[128];

	(void)state;
	add_other(LINK_WORDS, false);
	damage_link(&cache);
	cachedir_write(&other, "nar/" LINK_HASH ".nar", "no xz", 5);
	snprintf(sentence, sizeof(sentence),
		"its xz stream breaks off; the one of %s is damaged, too", cache.path);
	refused(EXIT_FETCH, sentence);
}

static void that_no_other_cache_has_a_damaged_archive_is_said(void **state)
{
	char sentence[128];

	(void)state;
	add_other(LINK_WORDS, false);
	damage_link(&cache);
	cachedir_change(&other, LINK, "NarSize: ", "NarSize: 1");
	snprintf(sentence, sizeof(sentence), "; %s/" LINK_HASH ".narinfo: ", other.path);
	refused(EXIT_VERIFY, "the archive has the wrong hash");
	refused(EXIT_VERIFY, sentence);
}

/* The other cache has them all, but this is no accident. */
static void too_many_damaged_archives_are_refused(void **state)
{
	char name[64], references[20 * 64] = "", nar[64];

	(void)state;
	add_other(LINK_WORDS, false);
	closure_free(&closure);
	for (int i = 0; i < 10; i++) {
		const struct cachedir *both[] = { &cache, &other };
		struct archive archive = { 0 };
		struct cachedir_entry entry = { .name = name, .compression = COMPRESSION_NONE };

		archive_add(&archive, MAGIC "( type regular contents text )");
		entry.nar = archive.bytes;
		entry.nar_bytes = archive.size_bytes;
		snprintf(name, sizeof(name), "%032d-path", 1000 + i);
		for (size_t c = 0; c < 2; c++)
			cachedir_add(both[c], &entry);
		snprintf(references + strlen(references), sizeof(references) - strlen(references),
			"%s ", name);
		snprintf(nar, sizeof(nar), "nar/%.32s.nar", name);
		cachedir_write(&cache, nar, "", 0);
	}
	add_words(SYSTEM, MAGIC "( type regular contents text )", references, COMPRESSION_XZ);
	assert_int_equal(walk(), 0);
	refused(EXIT_FETCH, "it is empty; after 8 damaged archives no more are replaced");
}

/* Named by its contents, "text", as `nix-store --print-fixed-path sha256` names it. */
#define FLAT	"0xshi7b59gj6ln87mxmb2ag2mdv56j56-flat"
#define FLAT_CA "CA: fixed:sha256:1lf969yddshzhld7sr1vbagr07bnygg99lgl6gk5kxcnp4z9wbcq\n"

/* The closure is this one path, without a signature, with an archive of these words. */
static void walk_unsigned_file(const char *words)
{
	struct archive archive = { 0 };
	struct cachedir_entry entry = { .name = FLAT, .is_unsigned = true };
	struct error err = { 0 };

	archive_add(&archive, words);
	entry.nar = archive.bytes;
	entry.nar_bytes = archive.size_bytes;
	cachedir_add(&cache, &entry);
	cachedir_change(&cache, FLAT, "References: \n", "References: \n" FLAT_CA);
	closure_free(&closure);
	if (closure_walk(&config, STORE_DIR "/" FLAT, "", &closure, &err) < 0)
		fail_msg("%s", err.text);
}

static void an_unsigned_file_needs_the_contents_of_its_address(void **state)
{
	(void)state;
	walk_unsigned_file(MAGIC "( type regular contents text )");
	copied(NULL, NULL);
}

static void an_unsigned_file_of_other_contents_is_refused(void **state)
{
	(void)state;
	walk_unsigned_file(MAGIC "( type regular contents tex2 )");
	refused(EXIT_VERIFY, "other contents than its content address fixed:sha256:");
}

static void an_unsigned_folder_at_the_address_of_a_file_is_refused(void **state)
{
	(void)state;
	walk_unsigned_file(
		MAGIC "( type directory entry ( name a node ( type regular contents text ) ) )");
	refused(EXIT_VERIFY, "other contents than its content address fixed:sha256:");
}

static void a_store_that_is_there_is_not_replaced(void **state)
{
	struct error err = { 0 };

	(void)state;
	copied(NULL, NULL);
	assert_int_equal(copy_closure(&config, &closure,
				 &(struct copy_target){ .path = image.path }, NULL, NULL, &err),
		-ENOTEMPTY);
	assert_int_equal(err.code, 0);
	assert_true(image_is_clean(&image));
}

static void what_is_no_file_system_is_left_alone(void **state)
{
	struct error err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(truncate(image.path, 0), 0);
	assert_int_equal(truncate(image.path, 1 << 20), 0);
	assert_true(copy_closure(&config, &closure, &(struct copy_target){ .path = image.path },
			    NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "ext4 file system on /tmp/"));
	assert_int_equal(stat(image.path, &st), 0);
	assert_int_equal(st.st_blocks, 0);
}

/* Writing to it is what fails, in the background of those who make the files. */
static void a_disk_that_takes_no_more_is_told_of(void **state)
{
	struct rlimit before, limit;
	struct error err = { 0 };
	int r;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){ 6 << 20, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	r = copy_closure(
		&config, &closure, &(struct copy_target){ .path = image.path }, NULL, NULL, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(err.text, "File too large"));
}

/* Two thousand paths over all lanes, one of them bad: the first error is the one that is told. */
static void many_paths_are_copied_and_one_bad_one_ends_it(void **state)
{
	enum {
		COUNT = 2000
	};
	struct error err = { 0 };
	char name[64], next[64];

	(void)state;
	closure_free(&closure);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%032d-path", 1000 + i);
		snprintf(next, sizeof(next), "%032d-path", 1000 + i + 1);
		add_words(name, MAGIC "( type regular contents text )", i < COUNT - 1 ? next : NULL,
			(enum compression)(i % 3));
	}
	assert_int_equal(closure_walk(&config, "/nix/store/00000000000000000000000000001000-path",
				 "", &closure, &err),
		0);
	copied(NULL, NULL);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%032d-path", 1000 + i);
		assert_int_equal(access(in_store(name), R_OK), 0);
	}
	image_remove(&image);
	image_make(&image, NULL);
	replace_nar("00000000000000000000000000001500-path", "", 0);
	refused(EXIT_FETCH, "/nix/store/00000000000000000000000000001500-path: ");
}

#define TEST(f)	 cmocka_unit_test_setup_teardown(f, make_cache, remove_cache)
#define TEST2(f) cmocka_unit_test_setup_teardown(f, make_cache, remove_both_caches)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_path_arrives_whole),
		TEST(another_content_is_refused_with_both_hashes),
		TEST(a_longer_archive_is_refused_before_it_is_written),
		TEST(a_shorter_archive_is_refused),
		TEST(a_malformed_archive_is_refused),
		TEST(an_error_wakes_whoever_waits),
		TEST(damaged_compression_is_refused),
		TEST(a_missing_archive_is_named),
		TEST2(an_archive_that_was_lost_comes_from_the_next_cache),
		TEST2(all_caches_that_were_tried_are_named),
		TEST2(a_cache_that_lacks_the_path_is_named),
		TEST2(the_next_cache_is_not_asked_without_need),
		TEST2(another_archive_of_the_same_path_is_not_taken),
		TEST2(the_next_cache_has_to_sign_too),
		TEST2(a_damaged_archive_comes_from_the_next_cache),
		TEST2(what_was_written_of_a_damaged_archive_is_overwritten),
		TEST2(an_archive_that_is_damaged_everywhere_is_refused),
		TEST2(that_no_other_cache_has_a_damaged_archive_is_said),
		TEST2(too_many_damaged_archives_are_refused),
		TEST(an_unsigned_file_needs_the_contents_of_its_address),
		TEST(an_unsigned_file_of_other_contents_is_refused),
		TEST(an_unsigned_folder_at_the_address_of_a_file_is_refused),
		TEST(a_store_that_is_there_is_not_replaced),
		TEST(what_is_no_file_system_is_left_alone),
		TEST(a_disk_that_takes_no_more_is_told_of),
		TEST(many_paths_are_copied_and_one_bad_one_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
