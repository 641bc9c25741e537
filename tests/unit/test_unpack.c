/* SPDX-License-Identifier: MIT */
/* Exercises unpack, store_dir and, below them, allocator, directory, inode, ext4_image and
 * async_writer. */
/* The oracles are e2fsck and debugfs; what the kernel sees in it is tests/loop/store.sh's. */
#include <dirent.h>
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
#include "ext4/inode.h"
#include "image.h"
#include "store/store_dir.h"
#include "store/unpack.h"

#define NAME	  "00000000000000000000000000000001-x"
#define MAGIC	  "nix-archive-1 "
#define DIR_START MAGIC "( type directory "

static struct image image;
static struct ext4_image volume;

static int make_image(void **state)
{
	(void)state;
	image_make(&image, NULL);
	return 0;
}

static int remove_image(void **state)
{
	(void)state;
	image_remove(&image);
	return 0;
}

static int feed(struct unpack *unpack, const uint8_t *bytes, size_t size_bytes, struct error *err)
{
	CLEANUP(nar_free) struct nar *nar = nar_new(&unpack_events, unpack);
	int r = nar_feed(nar, bytes, size_bytes, err);

	return r < 0 ? r : nar_finish(nar, err);
}

/* Makes the archive's root the one path in the store. */
static int finish(struct unpack *unpack, struct error *err)
{
	struct store_dir store;
	int r = unpack_close(unpack, err);

	store_dir_begin(&store, &volume);
	store_dir_link(&store, NAME, unpack);
	if (r == 0)
		r = store_dir_write(&store, err);
	store_dir_drop(&store);
	return r;
}

static int unpack_bytes(const uint8_t *bytes, size_t size_bytes, struct error *err)
{
	struct unpack unpack;
	int r = ext4_image_open(&volume, image.path, 0, 1, err);

	if (r < 0)
		return r;
	unpack_open(&unpack, &volume, 0);
	r = feed(&unpack, bytes, size_bytes, err);
	if (r == 0)
		r = finish(&unpack, err);
	unpack_drop(&unpack);
	if (r == 0)
		return ext4_image_close(&volume, err);
	ext4_image_drop(&volume);
	return r;
}

static void good_bytes(const uint8_t *bytes, size_t size_bytes)
{
	struct error err = { 0 };

	if (unpack_bytes(bytes, size_bytes, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(image_is_clean(&image));
	assert_true(image_read(&image));
}

static void good(const char *words)
{
	struct archive archive = { 0 };

	archive_add(&archive, words);
	good_bytes(archive.bytes, archive.size_bytes);
}

static void refused_bytes(
	const uint8_t *bytes, size_t size_bytes, int r, int code, const char *sentence)
{
	struct error err = { 0 };

	assert_int_equal(unpack_bytes(bytes, size_bytes, &err), r);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
	/* It is as empty as it was. */
	assert_true(image_is_clean(&image));
	assert_non_null(strstr(image_ask(&image, "ls /"), "lost+found"));
	assert_null(strstr(image_ask(&image, "ls /"), "nix"));
}

static void refused(const char *words, const char *sentence)
{
	struct archive archive = { 0 };

	archive_add(&archive, words);
	refused_bytes(archive.bytes, archive.size_bytes, -EBADMSG, EXIT_VERIFY, sentence);
}

static const char *in_store(const char *name)
{
	static char path[4600];

	snprintf(path, sizeof(path), "%s/%s", image.store, name);
	return path;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	if (lstat(in_store(name), &st) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

/* Mode, times and owner, as Nix leaves them. */
static void is_as_nix_leaves_it(const char *name, const char *type, unsigned mode)
{
	char request[512], expected[64];
	const char *answer;

	snprintf(request, sizeof(request), "stat /nix/store/%s", name);
	answer = image_ask(&image, request);
	snprintf(expected, sizeof(expected), "Type: %s    Mode:  %04o ", type, mode);
	if (!strstr(answer, expected))
		fail_msg("not '%s': %s", expected, answer);
	assert_non_null(strstr(answer, "User:     0   Group:     0 "));
	assert_non_null(strstr(answer, "mtime: 0x00000001:00000000 "));
	assert_non_null(strstr(answer, "atime: 0x00000001:00000000 "));
}

static void content_is(const char *name, const char *text)
{
	AUTO_CLOSE int fd = open(in_store(name), O_RDONLY);
	char got[64] = "";

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
}

static size_t count_entries(const char *path)
{
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	return count;
}

#define TREE                                                                                       \
	DIR_START "entry ( name bin node ( type directory "                                        \
		  "entry ( name run node ( type regular executable '' contents text ) ) ) ) "      \
		  "entry ( name empty node ( type regular contents '' ) ) "                        \
		  "entry ( name link node ( type symlink target bin/run ) ) )"

static void tree_is_right(void)
{
	char target[64] = "";

	is_as_nix_leaves_it(NAME, "directory", 0555);
	is_as_nix_leaves_it(NAME "/bin", "directory", 0555);
	is_as_nix_leaves_it(NAME "/bin/run", "regular", 0555);
	is_as_nix_leaves_it(NAME "/empty", "regular", 0444);
	is_as_nix_leaves_it(NAME "/link", "symlink", 0777);
	content_is(NAME "/bin/run", "text");
	content_is(NAME "/empty", "");
	assert_int_equal(readlink(in_store(NAME "/link"), target, sizeof(target) - 1), 7);
	assert_string_equal(target, "bin/run");
}

static void a_tree_is_as_nix_leaves_it(void **state)
{
	(void)state;
	good(TREE);
	tree_is_right();
}

/* A folder of one file of so many bytes, none of them zero, and one that says "text". */
static uint8_t *large_and_small_file(size_t large_bytes, size_t *ret_bytes)
{
	struct archive head = { 0 }, tail = { 0 };
	uint8_t *bytes;

	archive_add(&head, DIR_START "entry ( name a node ( type regular contents");
	archive_add_length(&head, large_bytes);
	archive_add(&tail, ") ) entry ( name b node ( type regular contents text ) ) )");
	*ret_bytes = head.size_bytes + large_bytes + tail.size_bytes;
	bytes = must_realloc(NULL, *ret_bytes, 1);
	memcpy(bytes, head.bytes, head.size_bytes);
	memset(bytes + head.size_bytes, 0xff, large_bytes);
	memcpy(bytes + head.size_bytes + large_bytes, tail.bytes, tail.size_bytes);
	return bytes;
}

/* Who maps the file into memory sees them. The large file has been in every buffer before. */
static void the_last_block_of_a_file_ends_in_zeros(void **state)
{
	size_t size_bytes;
	AUTO_FREE uint8_t *bytes = large_and_small_file(8 << 20, &size_bytes);
	AUTO_CLOSE int fd = -1;
	uint8_t got[4096], zeros[4096] = { 0 };
	off_t block;

	(void)state;
	good_bytes(bytes, size_bytes);
	block = strtoll(
		strchr(image_ask(&image, "blocks /nix/store/" NAME "/b"), '\n') + 1, NULL, 10);
	fd = open(image.path, O_RDONLY);
	assert_true(fd >= 0 && block > 0);
	assert_int_equal(pread(fd, got, sizeof(got), block * 4096), sizeof(got));
	assert_memory_equal(got, "text", 4);
	assert_memory_equal(got + 4, zeros, sizeof(got) - 4);
}

/* Blocks of other sizes, and features that older readers do not know. */
static void other_file_systems_are_filled_too(void **state)
{
	static const char *const options[] = { "-b 1024", "-b 2048", "-O ^64bit",
		"-O ^metadata_csum", "-O ^metadata_csum,^64bit -b 1024", "-O ^dir_index",
		"-O ^flex_bg,^has_journal", "-O ^resize_inode -g 1024 -b 1024" };

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		remove_image(NULL);
		image_make(&image, options[i]);
		good(TREE);
		tree_is_right();
	}
}

static void a_file_or_a_link_may_be_the_root(void **state)
{
	(void)state;
	good(MAGIC "( type regular contents text )");
	is_as_nix_leaves_it(NAME, "regular", 0444);
	content_is(NAME, "text");
	remove_image(NULL);
	make_image(NULL);
	good(MAGIC "( type symlink target /etc/passwd )");
	is_as_nix_leaves_it(NAME, "symlink", 0777);
}

static void a_file_system_with_files_is_left_alone(void **state)
{
	struct archive archive = { 0 };
	struct error err = { 0 };

	(void)state;
	good(TREE);
	archive_add(&archive, TREE);
	assert_int_equal(unpack_bytes(archive.bytes, archive.size_bytes, &err), -ENOTEMPTY);
	tree_is_right();
}

static void names_that_lead_out_make_nothing(void **state)
{
	(void)state;
	refused(DIR_START "entry ( name .. node ( type directory ) ) )", "not allowed");
	refused(DIR_START "entry ( name ../../x node ( type regular contents x ) ) )",
		"not allowed");
}

/* The same name first as a link that leads out, then as a folder to write into. */
static void a_name_comes_only_once(void **state)
{
	(void)state;
	refused(DIR_START "entry ( name a node ( type symlink target ../../outside ) ) "
			  "entry ( name a node ( type directory "
			  "entry ( name b node ( type regular contents text ) ) ) ) )",
		"the name 'a' does not come after");
}

static void links_may_lead_anywhere(void **state)
{
	(void)state;
	good(DIR_START "entry ( name a node ( type symlink target ../../outside ) ) "
		       "entry ( name b node ( type directory ) ) )");
	is_as_nix_leaves_it(NAME "/a", "symlink", 0777);
	assert_int_equal(count_entries(in_store(NAME "/b")), 0);
}

static void targets_are_whole_at_every_length(void **state)
{
	static const size_t lengths[] = { 1, 58, 59, 60, 61, 1023, 4094, 4095 };
	struct archive archive = { 0 };
	char name[64], target[4096];

	(void)state;
	archive_add(&archive, DIR_START);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		snprintf(name, sizeof(name), "%04zu", lengths[i]);
		memset(target, 't', lengths[i]);
		archive_add(&archive, "entry ( name");
		archive_add(&archive, name);
		archive_add(&archive, "node ( type symlink target");
		archive_add_bytes(&archive, target, lengths[i]);
		archive_add(&archive, ") )");
	}
	archive_add(&archive, ")");
	good_bytes(archive.bytes, archive.size_bytes);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		snprintf(name, sizeof(name), NAME "/%04zu", lengths[i]);
		assert_int_equal(stat_of(name).st_size, lengths[i]);
	}
}

static size_t open_descriptors(void)
{
	return count_entries("/proc/self/fd");
}

static void an_archive_that_breaks_off_leaves_nothing_open(void **state)
{
	size_t before = open_descriptors();
	struct archive archive = { 0 };

	(void)state;
	archive_add(&archive, DIR_START "entry ( name a node ( type directory entry ( name b node "
					"( type regular contents");
	archive_add_length(&archive, 1000);
	archive_add_raw(&archive, "text", 4);
	refused_bytes(archive.bytes, archive.size_bytes, -EBADMSG, EXIT_VERIFY, "too early");
	assert_int_equal(open_descriptors(), before);
}

/* Before a byte of it has come. */
static void a_file_larger_than_the_target_has_its_own_code(void **state)
{
	struct archive archive = { 0 };

	(void)state;
	archive_add(&archive, MAGIC "( type regular contents");
	archive_add_length(&archive, INT64_MAX);
	archive_add_raw(&archive, "x", 1);
	refused_bytes(archive.bytes, archive.size_bytes, -ENOSPC, EXIT_TARGET_FULL,
		"find space on the target: No space left on device");
}

/* An archive in memory that grows: a folder of many empty files. */
static uint8_t *many_files(size_t count, const char *pattern, size_t *ret_bytes)
{
	uint8_t *bytes = must_realloc(NULL, count + 2, 512);
	struct archive archive = { 0 };
	size_t used;

	archive_add(&archive, DIR_START);
	used = archive.size_bytes;
	memcpy(bytes, archive.bytes, used);
	for (size_t i = 0; i < count; i++) {
		char name[256];

		archive.size_bytes = 0;
		snprintf(name, sizeof(name), "%07zu%.*s", i, (int)(i % strlen(pattern)), pattern);
		archive_add(&archive, "entry ( name");
		archive_add(&archive, name);
		archive_add(&archive, "node ( type regular contents '' ) )");
		memcpy(bytes + used, archive.bytes, archive.size_bytes);
		used += archive.size_bytes;
	}
	archive.size_bytes = 0;
	archive_add(&archive, ")");
	memcpy(bytes + used, archive.bytes, archive.size_bytes);
	*ret_bytes = used + archive.size_bytes;
	return bytes;
}

static void fill_with(const char *options, size_t count, const char *pattern)
{
	size_t size_bytes;
	AUTO_FREE uint8_t *bytes = many_files(count, pattern, &size_bytes);

	remove_image(NULL);
	image_make(&image, options);
	good_bytes(bytes, size_bytes);
	assert_int_equal(count_entries(in_store(NAME)), count);
}

#define SHORT_NAMES "-abcdefg"
#define LONG_NAMES                                                                                 \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"   \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

/* Around the sizes where one block is full, and where the index gets a second level. e2fsck checks
 * every hash, order and limit of an index. */
static void directories_of_every_size_are_whole(void **state)
{
	(void)state;
	for (size_t count = 202; count <= 205; count++)
		fill_with("-b 4096 -N 16384", count, SHORT_NAMES);
	fill_with("-b 4096 -N 16384", 3000, SHORT_NAMES);
	assert_non_null(
		strstr(image_ask(&image, "htree_dump /nix/store/" NAME), "Indirect levels: 0"));
	fill_with("-b 1024 -N 16384", 3000, LONG_NAMES);
	assert_non_null(
		strstr(image_ask(&image, "htree_dump /nix/store/" NAME), "Indirect levels: 1"));
	fill_with("-b 1024 -N 16384 -O ^metadata_csum", 3000, LONG_NAMES);
}

static void too_few_inodes_have_the_code_of_a_full_target(void **state)
{
	size_t size_bytes;
	AUTO_FREE uint8_t *bytes = many_files(2000, SHORT_NAMES, &size_bytes);

	(void)state;
	remove_image(NULL);
	image_make(&image, "-N 1024");
	refused_bytes(bytes, size_bytes, -ENOSPC, EXIT_TARGET_FULL,
		"find an inode on the target: No space left on device");
}

/* Two files that take turns block by block lie in a thousand pieces each. */
static void a_file_in_many_pieces_is_whole(void **state)
{
	enum {
		PIECES = 1000
	};
	struct extents extents[2] = { 0 };
	struct unpack unpack;
	struct directory root;
	struct error err = { 0 };
	uint8_t *room;
	size_t room_bytes;

	(void)state;
	assert_int_equal(ext4_image_open(&volume, image.path, 0, 1, &err), 0);
	unpack_open(&unpack, &volume, 0);
	directory_begin(&root, 0, volume.store_inode);
	assert_int_equal(
		allocator_take_inode(&unpack.allocator, INODE_DIRECTORY, &root.inode, &err), 0);
	for (int i = 0; i < 2 * PIECES; i++) {
		assert_int_equal(allocator_take_blocks(&unpack.allocator, 1, &extents[i % 2], &room,
					 &room_bytes, &err),
			0);
		memset(room, i / 2 % 256, room_bytes);
	}
	for (int i = 0; i < 2; i++) {
		const struct inode_content content = {
			.mode = S_IFREG | 0444,
			.links = 1,
			.size_bytes = PIECES * 4096,
			.extents = &extents[i],
		};
		uint32_t inode;

		assert_int_equal(extents[i].count, PIECES);
		assert_int_equal(
			allocator_take_inode(&unpack.allocator, INODE_FILE, &inode, &err), 0);
		assert_int_equal(inode_write(&unpack.allocator, inode, &content, &err), 0);
		directory_add(&root, i ? "b" : "a", inode, ENTRY_FILE);
		extents_free(&extents[i]);
	}
	assert_int_equal(directory_write(&root, &unpack.allocator, 0555, &err), 0);
	unpack.root = root.inode;
	unpack.root_type = ENTRY_DIRECTORY;
	directory_free(&root);
	assert_int_equal(finish(&unpack, &err), 0);
	unpack_drop(&unpack);
	assert_int_equal(ext4_image_close(&volume, &err), 0);
	assert_true(image_is_clean(&image));
	assert_true(image_read(&image));
	for (int i = 0; i < 2; i++) {
		AUTO_CLOSE int fd = open(in_store(i ? NAME "/b" : NAME "/a"), O_RDONLY);
		uint8_t got[4096], expected[4096];

		for (int k = 0; k < PIECES; k++) {
			memset(expected, k % 256, sizeof(expected));
			assert_int_equal(read(fd, got, sizeof(got)), sizeof(got));
			assert_memory_equal(got, expected, sizeof(got));
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_image, remove_image)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_is_as_nix_leaves_it),
		TEST(the_last_block_of_a_file_ends_in_zeros),
		TEST(other_file_systems_are_filled_too),
		TEST(a_file_or_a_link_may_be_the_root),
		TEST(a_file_system_with_files_is_left_alone),
		TEST(names_that_lead_out_make_nothing),
		TEST(a_name_comes_only_once),
		TEST(links_may_lead_anywhere),
		TEST(targets_are_whole_at_every_length),
		TEST(an_archive_that_breaks_off_leaves_nothing_open),
		TEST(a_file_larger_than_the_target_has_its_own_code),
		TEST(directories_of_every_size_are_whole),
		TEST(too_few_inodes_have_the_code_of_a_full_target),
		TEST(a_file_in_many_pieces_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
