/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nix/content_address.h"

#define TREE	  "asinc35540f0q79m1s9g7ryai30whgxx-tree"
#define TEXT	  "hxk820apsjsq6709id0vbfsikipvfka6-t"
#define TREE_HASH "0x8rfwm8ahk1g7chxpm8ij2nhvzxiryknb33py3dha2qxw5fkgr9"
#define FILE_HASH "00xyyr3fi8l6hb839bv3f7yb86yjv7xi1cgh1xnhipym4asvb4aq"

/* Paths that the real Nix made: nix-store --add, --add-fixed, builtins.toFile. */
static const struct made {
	const char *base_name, *ca;
	const char *references[2];
	size_t reference_count;
	enum content_check check;
} made[] = {
	{ "1vap48aqggkk52ijn2prxzxv7cnzvs0w-file", "fixed:sha256:" FILE_HASH, { NULL }, 0,
		CONTENT_CHECK_FILE },
	{ "2x5vawdjxf3qqbrasysajvw675i0170z-file", "fixed:md5:4425hx5d1mc9y39llj4k4nm55i", { NULL },
		0, CONTENT_CHECK_NONE },
	{ "l5iffh8kph4i94caqw5n922jv21iqsnn-file", "fixed:sha1:iwjz551fyw0cxcjgf4l6c879zabd6wpm",
		{ NULL }, 0, CONTENT_CHECK_NONE },
	{ "khcbj63jsvcggdn4jfn3n3ddibh3l5yx-tree", "fixed:r:sha1:xd5adfpyvmdsp8k8agj23p7hsp140swh",
		{ NULL }, 0, CONTENT_CHECK_NONE },
	{ "3z78nm46jr56pvyhmfds1vamdk78mxpg-tree",
		"fixed:r:sha512:169nsgc88klxkbmbc5v0qjs50c8sa6k0izyf71w2rmg4vygi75k06567xcx2ss7b73i2zzlv921jh6igrjlhcqbmwk5nv3ajfskkq0s",
		{ NULL }, 0, CONTENT_CHECK_NONE },
	{ TREE, "fixed:r:sha256:" TREE_HASH, { NULL }, 0, CONTENT_CHECK_NAR },
	{ TEXT, "text:sha256:193s6bfb4ncbr0d3rpb177cac43b2z2h3afxi7grcswgci346hwg", { NULL }, 0,
		CONTENT_CHECK_FILE },
	{ "mh1sylc10v32s1rk2aizy14g40w29vg3-u",
		"text:sha256:14x2kczs79a6p5ba0z83szakh2qqfl3377jb05haijbm1lbmg0mb", { TREE, TEXT },
		2, CONTENT_CHECK_FILE },
};

#define MADE_COUNT (sizeof(made) / sizeof(made[0]))

static bool matches(const char *base_name, const char *ca, const char *const *references,
	size_t reference_count)
{
	struct content_address address;
	char path[256] = "/nix/store/";

	strcat(path, base_name);
	assert_int_equal(content_address_parse(ca, &address), 0);
	return content_address_matches_path(&address, path, references, reference_count);
}

static void paths_of_nix_follow_from_their_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < MADE_COUNT; i++) {
		struct content_address address;

		if (!matches(made[i].base_name, made[i].ca, made[i].references,
			    made[i].reference_count))
			fail_msg("%s", made[i].base_name);
		assert_int_equal(content_address_parse(made[i].ca, &address), 0);
		assert_int_equal(content_address_check(&address, false), made[i].check);
	}
}

static void no_path_follows_from_the_address_of_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < MADE_COUNT; i++)
		for (size_t k = 0; k < MADE_COUNT; k++)
			if (i != k && matches(made[i].base_name, made[k].ca, made[i].references,
					      made[i].reference_count))
				fail_msg("%s from %s", made[i].base_name, made[k].ca);
}

static void references_are_a_part_of_the_address(void **state)
{
	static const char *const one[] = { TEXT }, *const self[] = { TREE };

	(void)state;
	for (size_t i = 0; i < MADE_COUNT; i++)
		assert_false(matches(made[i].base_name, made[i].ca, one, 1));
	assert_false(matches(TREE, "fixed:r:sha256:" TREE_HASH, self, 1));
}

static void a_hash_is_read_in_every_form(void **state)
{
	struct content_address nix32, hex, base64;

	(void)state;
	assert_int_equal(content_address_parse("fixed:sha256:" FILE_HASH, &nix32), 0);
	assert_int_equal(content_address_parse(
				 "fixed:sha256:"
				 "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
				 &hex),
		0);
	assert_int_equal(
		content_address_parse(
			"fixed:sha256:WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=", &base64),
		0);
	assert_memory_equal(nix32.hash, hex.hash, 32);
	assert_memory_equal(nix32.hash, base64.hash, 32);
}

static void what_is_no_content_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "junk", "fixed",
		"fixed:", "fixed:r:", "fixed:r:sha256:", "fixed:sha256:" FILE_HASH "x",
		"fixed:r:r:sha256:" FILE_HASH, "fixed:sha255:" FILE_HASH, "fixed:md5:" FILE_HASH,
		"text:sha1:iwjz551fyw0cxcjgf4l6c879zabd6wpm", "text:r:sha256:" FILE_HASH,
		"source:sha256:" FILE_HASH, "fixed:sha256-" FILE_HASH, "fixed:sha256:e" FILE_HASH,
		" fixed:sha256:" FILE_HASH, "fixed:sha256: " FILE_HASH };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct content_address address = { .hash_bytes = 7 };

		if (content_address_parse(bad[i], &address) == 0)
			fail_msg("'%s' is accepted", bad[i]);
		assert_int_equal(address.hash_bytes, 7);
	}
}

static void an_archive_that_names_its_own_path_is_not_its_own_proof(void **state)
{
	struct content_address address;

	(void)state;
	assert_int_equal(content_address_parse("fixed:r:sha256:" TREE_HASH, &address), 0);
	assert_int_equal(content_address_check(&address, true), CONTENT_CHECK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_nix_follow_from_their_addresses),
		cmocka_unit_test(no_path_follows_from_the_address_of_another),
		cmocka_unit_test(references_are_a_part_of_the_address),
		cmocka_unit_test(a_hash_is_read_in_every_form),
		cmocka_unit_test(what_is_no_content_address_is_refused),
		cmocka_unit_test(an_archive_that_names_its_own_path_is_not_its_own_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
