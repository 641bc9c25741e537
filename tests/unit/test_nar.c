/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive.h"
#include "nix/nar.h"

/* The events as text: what the parser has made of the archive. */
struct journal {
	char text[16384];
	size_t used;
	int fail_with; /* what the next event returns, if not 0 */
};

static int PRINTF_LIKE(2, 3) note(struct journal *journal, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	journal->used += (size_t)vsnprintf(
		journal->text + journal->used, sizeof(journal->text) - journal->used, fmt, args);
	va_end(args);
	assert_true(journal->used < sizeof(journal->text));
	return journal->fail_with;
}

static int on_directory(void *userdata, const char *name, struct error *err)
{
	(void)err;
	return note(userdata, "%s{", name ? name : "ROOT");
}

static int on_directory_end(void *userdata, struct error *err)
{
	(void)err;
	return note(userdata, "}");
}

static int on_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	(void)err;
	return note(userdata, "%s%s:%" PRIu64 "[", name ? name : "ROOT", executable ? "*" : "",
		size_bytes);
}

static int on_file_data(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	(void)err;
	return note(userdata, "%.*s", (int)size_bytes, (const char *)data);
}

static int on_file_end(void *userdata, struct error *err)
{
	(void)err;
	return note(userdata, "]");
}

static int on_link(void *userdata, const char *name, const char *target, struct error *err)
{
	(void)err;
	return note(userdata, "%s->%s;", name ? name : "ROOT", target);
}

static const struct nar_events journal_events = {
	.directory = on_directory,
	.directory_end = on_directory_end,
	.file = on_file,
	.file_data = on_file_data,
	.file_end = on_file_end,
	.link = on_link,
};

/* Feeds the archive in pieces of so many bytes, each from memory of its own so that the sanitizer
 * sees a read behind its end. */
static int parse(const struct archive *archive, size_t piece_bytes, struct journal *journal,
	struct error *err)
{
	struct nar *nar = nar_new(&journal_events, journal);
	int r = 0;

	for (size_t at = 0; r == 0 && at < archive->size_bytes; at += piece_bytes) {
		size_t left = archive->size_bytes - at;
		size_t size = piece_bytes < left ? piece_bytes : left;
		uint8_t *piece = malloc(size);

		memcpy(piece, archive->bytes + at, size);
		r = nar_feed(nar, piece, size, err);
		free(piece);
	}
	if (r == 0)
		r = nar_finish(nar, err);
	nar_free(&nar);
	return r;
}

static const size_t piece_sizes[] = { 1, 2, 3, 5, 7, 8, 13, 64, 65536 };
#define PIECE_SIZES (sizeof(piece_sizes) / sizeof(piece_sizes[0]))

static void gives(const struct archive *archive, const char *journal_text)
{
	for (size_t i = 0; i < PIECE_SIZES; i++) {
		struct journal journal = { 0 };
		struct error err = { 0 };

		if (parse(archive, piece_sizes[i], &journal, &err) < 0)
			fail_msg("pieces of %zu: %s", piece_sizes[i], err.text);
		assert_string_equal(journal.text, journal_text);
	}
}

static void refused(const struct archive *archive, const char *sentence)
{
	for (size_t i = 0; i < PIECE_SIZES; i++) {
		struct journal journal = { 0 };
		struct error err = { 0 };

		assert_int_equal(parse(archive, piece_sizes[i], &journal, &err), -EBADMSG);
		assert_int_equal(err.code, EXIT_VERIFY);
		if (!strstr(err.text, sentence))
			fail_msg("'%s' does not say '%s'", err.text, sentence);
	}
}

#define MAGIC	   "nix-archive-1 "
#define FILE_START MAGIC "( type regular contents "
#define DIR_START  MAGIC "( type directory "
#define LINK(name) "entry ( name " name " node ( type symlink target x ) ) "

static struct archive archive_of(const char *words)
{
	static struct archive archive;

	archive.size_bytes = 0;
	archive_add(&archive, words);
	return archive;
}

static void words_give(const char *words, const char *journal_text)
{
	struct archive archive = archive_of(words);

	gives(&archive, journal_text);
}

static void words_are_refused(const char *words, const char *sentence)
{
	struct archive archive = archive_of(words);

	refused(&archive, sentence);
}

static void every_kind_of_root_is_read(void **state)
{
	(void)state;
	words_give(FILE_START "hello )", "ROOT:5[hello]");
	words_give(FILE_START "'' )", "ROOT:0[]");
	words_give(FILE_START "12345678 )", "ROOT:8[12345678]");
	words_give(MAGIC "( type regular executable '' contents x )", "ROOT*:1[x]");
	words_give(MAGIC "( type symlink target ../a/b )", "ROOT->../a/b;");
	words_give(DIR_START ")", "ROOT{}");
}

static void a_tree_is_read_in_its_order(void **state)
{
	(void)state;
	words_give(DIR_START "entry ( name a node ( type directory "
			     "entry ( name x node ( type regular contents one ) ) ) ) "
			     "entry ( name a.b node ( type directory ) ) " LINK("b") ")",
		"ROOT{a{x:3[one]}a.b{}b->x;}");
}

static void names_are_compared_as_unsigned_bytes(void **state)
{
	(void)state;
	words_give(
		DIR_START LINK("Z") LINK("a") LINK("\xc3\xa9") ")", "ROOT{Z->x;a->x;\xc3\xa9->x;}");
	words_are_refused(DIR_START LINK("\xc3\xa9") LINK("a") ")", "does not come after");
}

/* The entry's order starts anew in each directory, and goes on after a subdirectory. */
static void order_is_kept_for_each_directory(void **state)
{
	(void)state;
	words_give(DIR_START "entry ( name m node ( type directory " LINK("z") ") ) " LINK("n") ")",
		"ROOT{m{z->x;}n->x;}");
	words_are_refused(DIR_START
		"entry ( name m node ( type directory " LINK("z") ") ) " LINK("b") ")",
		"the name 'b' does not come after");
}

static void disorder_and_duplicates_are_refused(void **state)
{
	(void)state;
	words_are_refused(DIR_START LINK("b") LINK("a") ")", "the name 'a' does not come after");
	words_are_refused(DIR_START LINK("a") LINK("a") ")", "the name 'a' does not come after");
	words_are_refused(DIR_START LINK("ab") LINK("a") ")", "the name 'a' does not come after");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	words_are_refused(DIR_START LINK(".") ")", "the name '.' is not allowed");
	words_are_refused(DIR_START LINK("..") ")", "the name '..' is not allowed");
	words_are_refused(DIR_START LINK("a/b") ")", "the name 'a/b' is not allowed");
	words_are_refused(DIR_START LINK("/") ")", "the name '/' is not allowed");
	words_are_refused(DIR_START LINK("''") ")", "an empty name");
	words_give(DIR_START LINK("...") ")", "ROOT{...->x;}");
}

static void nul_bytes_are_refused(void **state)
{
	struct archive archive = archive_of(DIR_START "entry ( name");

	(void)state;
	archive_add_bytes(&archive, "a\0b", 3);
	archive_add(&archive, "node ( type symlink target x ) ) )");
	refused(&archive, "a NUL byte");
	archive = archive_of(MAGIC "( type symlink target");
	archive_add_bytes(&archive, "x\0", 2);
	archive_add(&archive, ")");
	refused(&archive, "a NUL byte");
	archive = archive_of(MAGIC "(");
	archive_add_bytes(&archive, "type\0", 5);
	refused(&archive, "a NUL byte");
}

static void add_long(struct archive *archive, size_t length)
{
	char text[5000];

	memset(text, 'n', sizeof(text));
	archive_add_bytes(archive, text, length);
}

static void a_name_has_at_most_255_bytes(void **state)
{
	(void)state;
	for (size_t length = 255; length <= 256; length++) {
		struct archive archive = archive_of(DIR_START "entry ( name");
		struct journal journal = { 0 };
		struct error err = { 0 };

		add_long(&archive, length);
		archive_add(&archive, "node ( type symlink target x ) ) )");
		if (length == 255)
			assert_int_equal(parse(&archive, 7, &journal, &err), 0);
		else
			refused(&archive, "a word of 256 bytes, where 255 are the most");
	}
}

static void a_target_has_1_to_4095_bytes(void **state)
{
	struct archive archive = archive_of(MAGIC "( type symlink target");
	struct journal journal = { 0 };
	struct error err = { 0 };

	(void)state;
	add_long(&archive, 4095);
	archive_add(&archive, ")");
	assert_int_equal(parse(&archive, 7, &journal, &err), 0);
	archive = archive_of(MAGIC "( type symlink target");
	add_long(&archive, 4096);
	archive_add(&archive, ")");
	refused(&archive, "a word of 4096 bytes, where 4095 are the most");
	words_are_refused(MAGIC "( type symlink target '' )", "an empty name or target");
}

static int feed_times(struct nar *nar, const char *words, unsigned times, struct error *err)
{
	struct archive archive = archive_of(words);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < times; i++)
		r = nar_feed(nar, archive.bytes, archive.size_bytes, err);
	return r;
}

/* An archive of so many directories inside each other. */
static int parse_nested(unsigned directories, struct error *err)
{
	struct journal journal = { 0 };
	struct nar *nar = nar_new(&journal_events, &journal);
	int r = feed_times(nar, MAGIC, 1, err);

	if (r == 0)
		r = feed_times(nar, "( type directory entry ( name d node", directories - 1, err);
	if (r == 0)
		r = feed_times(nar, "( type directory )", 1, err);
	if (r == 0)
		r = feed_times(nar, ") )", directories - 1, err);
	if (r == 0)
		r = nar_finish(nar, err);
	nar_free(&nar);
	return r;
}

static void the_deepest_path_of_linux_is_read_and_one_more_level_is_refused(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(parse_nested(NAR_DEPTH_MAX, &err), 0);
	assert_int_equal(parse_nested(NAR_DEPTH_MAX + 1, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 2048 directories inside each other"));
}

static void padding_must_be_zero(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct archive archive = archive_of(MAGIC "( type regular contents");

		archive_add_length(&archive, 5);
		archive_add_raw(&archive, "hello\0\0\0", 8);
		archive.bytes[archive.size_bytes - 1 - i] = 1;
		archive_add(&archive, ")");
		refused(&archive, "padding that is not zero");
	}
}

static void an_archive_cut_anywhere_is_refused(void **state)
{
	struct archive whole = archive_of(DIR_START "entry ( name a node ( type regular contents "
						    "hello ) ) " LINK("b") ")");

	(void)state;
	for (size_t size = 0; size < whole.size_bytes; size++) {
		struct archive cut = whole;

		cut.size_bytes = size;
		refused(&cut, "it ends too early");
	}
}

static void bytes_behind_the_end_are_refused(void **state)
{
	struct archive archive = archive_of(FILE_START "x )");

	(void)state;
	archive_add_raw(&archive, "\0", 1);
	refused(&archive, "bytes follow its end");
	words_are_refused(FILE_START "x ) )", "bytes follow its end");
}

static void foreign_words_are_refused(void **state)
{
	(void)state;
	words_are_refused("nix-archive-2", "'nix-archive-1' was expected, not 'nix-archive-2'");
	words_are_refused(MAGIC "( type fifo )", "a node of the unknown type 'fifo'");
	words_are_refused(MAGIC "( type regular )", "'contents' was expected, not ')'");
	words_are_refused(
		MAGIC "( type regular executable yes contents x )", "'' was expected, not 'yes'");
	words_are_refused(MAGIC "( type regular contents x executable '' )", "')' was expected");
	words_are_refused(DIR_START "file )", "'entry' was expected, not 'file'");
	words_are_refused(DIR_START "entry ( node ( type directory ) ) )", "'name' was expected");
	words_are_refused(MAGIC "type", "'(' was expected");
}

static void huge_sizes_are_refused_before_anything_is_made(void **state)
{
	static const uint64_t sizes[] = { UINT64_MAX, (uint64_t)INT64_MAX + 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct archive archive = archive_of(MAGIC "( type regular contents");

		archive_add_length(&archive, sizes[i]);
		refused(&archive, "a file of ");
		archive = archive_of(MAGIC);
		archive_add_length(&archive, sizes[i]);
		refused(&archive, "a word of ");
	}
}

static void sentences_name_the_path_inside(void **state)
{
	(void)state;
	words_are_refused(DIR_START "entry ( name usr node ( type directory "
				    "entry ( name bin node ( type fifo ) ) ) ) )",
		"malformed at '/usr/bin':");
}

static void what_a_handler_returns_ends_the_parsing(void **state)
{
	struct archive archive = archive_of(DIR_START LINK("a") LINK("b") ")");
	struct journal journal = { .fail_with = -ENOSPC };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(parse(&archive, 8, &journal, &err), -ENOSPC);
	assert_string_equal(journal.text, "ROOT{");
}

static void a_reset_parser_takes_another_archive(void **state)
{
	struct archive archive = archive_of(FILE_START "hello )");
	struct journal journal = { 0 };
	struct nar *nar = nar_new(&journal_events, &journal);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(nar_feed(nar, archive.bytes, 70, &err), 0);
	nar_reset(nar);
	assert_int_equal(nar_feed(nar, archive.bytes, archive.size_bytes, &err), 0);
	assert_int_equal(nar_finish(nar, &err), 0);
	nar_free(&nar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_root_is_read),
		cmocka_unit_test(a_tree_is_read_in_its_order),
		cmocka_unit_test(names_are_compared_as_unsigned_bytes),
		cmocka_unit_test(order_is_kept_for_each_directory),
		cmocka_unit_test(disorder_and_duplicates_are_refused),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(a_name_has_at_most_255_bytes),
		cmocka_unit_test(a_target_has_1_to_4095_bytes),
		cmocka_unit_test(the_deepest_path_of_linux_is_read_and_one_more_level_is_refused),
		cmocka_unit_test(padding_must_be_zero),
		cmocka_unit_test(an_archive_cut_anywhere_is_refused),
		cmocka_unit_test(bytes_behind_the_end_are_refused),
		cmocka_unit_test(foreign_words_are_refused),
		cmocka_unit_test(huge_sizes_are_refused_before_anything_is_made),
		cmocka_unit_test(sentences_name_the_path_inside),
		cmocka_unit_test(what_a_handler_returns_ends_the_parsing),
		cmocka_unit_test(a_reset_parser_takes_another_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
