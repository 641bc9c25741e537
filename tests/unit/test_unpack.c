/* SPDX-License-Identifier: MIT */
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
#include "cachedir.h"
#include "cleanup.h"
#include "unpack.h"

#define NAME	  "00000000000000000000000000000001-x"
#define MAGIC	  "nix-archive-1 "
#define DIR_START MAGIC "( type directory "

/* <folder>/store is where it is unpacked; <folder>/outside is what must not be touched. */
static char folder[64];
static int store_fd = -1;

static int make_store(void **state)
{
	int folder_fd;

	(void)state;
	cachedir_scratch(folder);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	if (mkdirat(folder_fd, "store", 0755) < 0 || mkdirat(folder_fd, "outside", 0755) < 0)
		return -1;
	store_fd = openat(folder_fd, "store", O_RDONLY | O_DIRECTORY);
	return close(folder_fd);
}

static int remove_store(void **state)
{
	(void)state;
	close(store_fd);
	cachedir_remove_tree(folder);
	return 0;
}

static int unpack_archive(const struct archive *archive, struct error *err)
{
	struct unpack unpack;
	struct nar *nar = nar_new(&unpack_events, &unpack);
	int r;

	unpack_begin(&unpack, store_fd, NAME, unpack_read_umask());
	r = nar_feed(nar, archive->bytes, archive->size_bytes, err);
	if (r == 0)
		r = nar_finish(nar, err);
	unpack_release(&unpack);
	nar_free(&nar);
	return r;
}

static int unpack_words(const char *words, struct error *err)
{
	struct archive archive = { 0 };

	archive_add(&archive, words);
	return unpack_archive(&archive, err);
}

static void good(const char *words)
{
	struct error err = { 0 };

	if (unpack_words(words, &err) < 0)
		fail_msg("%s", err.text);
}

static void refused(const char *words, int r, const char *sentence)
{
	struct error err = { 0 };

	assert_int_equal(unpack_words(words, &err), r);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	if (fstatat(store_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

/* Mode, mtime 1 and, when we are root, the owner, as Nix leaves them. */
static void is_as_nix_leaves_it(const char *name, mode_t mode)
{
	struct stat st = stat_of(name);

	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_mtim.tv_sec, 1);
	assert_int_equal(st.st_mtim.tv_nsec, 0);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_gid, 0);
	}
}

static void content_is(const char *name, const char *text)
{
	AUTO_CLOSE int fd = openat(store_fd, name, O_RDONLY);
	char got[64] = "";

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
}

static size_t count_entries(const char *name)
{
	char path[128];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	dir = opendir(path);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	closedir(dir);
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

	is_as_nix_leaves_it(NAME, S_IFDIR | 0555);
	is_as_nix_leaves_it(NAME "/bin", S_IFDIR | 0555);
	is_as_nix_leaves_it(NAME "/bin/run", S_IFREG | 0555);
	is_as_nix_leaves_it(NAME "/empty", S_IFREG | 0444);
	is_as_nix_leaves_it(NAME "/link", S_IFLNK | 0777);
	content_is(NAME "/bin/run", "text");
	content_is(NAME "/empty", "");
	assert_int_equal(readlinkat(store_fd, NAME "/link", target, sizeof(target) - 1), 7);
	assert_string_equal(target, "bin/run");
}

static void a_tree_is_as_nix_leaves_it(void **state)
{
	(void)state;
	good(TREE);
	tree_is_right();
}

static void the_umask_does_not_matter(void **state)
{
	static const mode_t masks[] = { 0, 027, 077 };

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);

		good(TREE);
		umask(before);
		tree_is_right();
		remove_store(NULL);
		make_store(NULL);
	}
}

/* A folder with the set-group-ID bit hands its group on. */
static void the_owner_is_root_wherever_it_lies(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchown(store_fd, 0, 30000), 0);
	assert_int_equal(fchmod(store_fd, 02775), 0);
	good(TREE);
	is_as_nix_leaves_it(NAME "/bin/run", S_IFREG | 0555);
	is_as_nix_leaves_it(NAME "/link", S_IFLNK | 0777);
	assert_int_equal(stat_of(NAME "/bin").st_gid, 0);
}

static void a_file_or_a_link_may_be_the_root(void **state)
{
	(void)state;
	good(MAGIC "( type regular contents text )");
	is_as_nix_leaves_it(NAME, S_IFREG | 0444);
	content_is(NAME, "text");
	assert_int_equal(unlinkat(store_fd, NAME, 0), 0);
	good(MAGIC "( type symlink target /etc/passwd )");
	is_as_nix_leaves_it(NAME, S_IFLNK | 0777);
}

static void what_is_there_is_neither_followed_nor_replaced(void **state)
{
	static const char *const archives[] = { MAGIC "( type regular contents text )",
		MAGIC "( type symlink target x )", TREE };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(symlinkat("../outside", store_fd, NAME), 0);
		refused(archives[i], -EEXIST, "File exists");
		assert_int_equal(unlinkat(store_fd, NAME, 0), 0);
		assert_int_equal(symlinkat("../outside/new", store_fd, NAME), 0);
		refused(archives[i], -EEXIST, "File exists");
		assert_int_equal(unlinkat(store_fd, NAME, 0), 0);
	}
	assert_int_equal(count_entries("outside"), 0);
}

/* The same name first as a link that leads out, then as a folder or file to write through. */
static void nothing_is_written_through_a_link_of_the_archive(void **state)
{
	(void)state;
	refused(DIR_START "entry ( name a node ( type symlink target ../../outside ) ) "
			  "entry ( name a node ( type directory "
			  "entry ( name b node ( type regular contents text ) ) ) ) )",
		-EBADMSG, "the name 'a' does not come after");
	assert_int_equal(count_entries("outside"), 0);
}

static void names_that_lead_out_make_nothing(void **state)
{
	(void)state;
	refused(DIR_START "entry ( name .. node ( type directory ) ) )", -EBADMSG, "not allowed");
	remove_store(NULL);
	make_store(NULL);
	refused(DIR_START "entry ( name ../../outside/x node ( type regular contents x ) ) )",
		-EBADMSG, "not allowed");
	assert_int_equal(count_entries("outside"), 0);
	assert_int_equal(count_entries("store"), 1);
	assert_int_equal(count_entries("store/" NAME), 0);
}

static void links_may_lead_anywhere_but_are_only_made(void **state)
{
	(void)state;
	good(DIR_START "entry ( name a node ( type symlink target ../../outside ) ) "
		       "entry ( name b node ( type directory ) ) )");
	is_as_nix_leaves_it(NAME "/a", S_IFLNK | 0777);
	assert_int_equal(count_entries("outside"), 0);
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void an_archive_that_breaks_off_leaves_nothing_open(void **state)
{
	size_t before = open_descriptors();
	struct archive archive = { 0 };
	struct error err = { 0 };

	(void)state;
	archive_add(&archive, DIR_START "entry ( name a node ( type directory entry ( name b node "
					"( type regular contents");
	archive_add_length(&archive, 1000);
	archive_add_raw(&archive, "text", 4);
	assert_int_equal(unpack_archive(&archive, &err), -EBADMSG);
	assert_int_equal(open_descriptors(), before);
}

static void a_full_disk_has_its_own_code(void **state)
{
	struct unpack unpack;
	struct error err = { 0 };

	(void)state;
	unpack_begin(&unpack, store_fd, NAME, 022);
	unpack.file_fd = open("/dev/full", O_WRONLY);
	assert_int_equal(unpack_events.file_data(&unpack, (const uint8_t *)"x", 1, &err), -ENOSPC);
	assert_int_equal(err.code, EXIT_TARGET_FULL);
	unpack_release(&unpack);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_store, remove_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_is_as_nix_leaves_it),
		TEST(the_umask_does_not_matter),
		TEST(the_owner_is_root_wherever_it_lies),
		TEST(a_file_or_a_link_may_be_the_root),
		TEST(what_is_there_is_neither_followed_nor_replaced),
		TEST(nothing_is_written_through_a_link_of_the_archive),
		TEST(names_that_lead_out_make_nothing),
		TEST(links_may_lead_anywhere_but_are_only_made),
		TEST(an_archive_that_breaks_off_leaves_nothing_open),
		TEST(a_full_disk_has_its_own_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
