/* SPDX-License-Identifier: MIT */
/* Proves which strings have the form of a name, a label or a path, and what becomes of the
 * others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"

static void a_string_that_does_not_fit_is_not_copied(void **state)
{
	char small[4] = "abc";

	(void)state;
	assert_int_equal(text_copy(small, sizeof(small), "xyz1"), -ENAMETOOLONG);
	assert_string_equal(small, "abc");
	assert_int_equal(text_copy(small, sizeof(small), "xyz"), 0);
	assert_string_equal(small, "xyz");
}

static void text_is_appended_as_far_as_it_fits(void **state)
{
	char text[6] = "ab";

	(void)state;
	assert_true(text_append(text, sizeof(text), "%d", 12));
	assert_false(text_append(text, sizeof(text), "%d", 34));
	assert_string_equal(text, "ab123");
}

static void a_prefix_may_be_the_whole_text(void **state)
{
	(void)state;
	assert_true(text_starts_with("serial:x", "serial:"));
	assert_true(text_starts_with("serial:", "serial:"));
	assert_true(text_starts_with("x", ""));
	assert_false(text_starts_with("serial", "serial:"));
}

static void a_duplicate_of_nothing_is_nothing(void **state)
{
	AUTO_FREE char *copy = text_duplicate("abc");

	(void)state;
	assert_string_equal(copy, "abc");
	assert_null(text_duplicate(NULL));
}

static void only_a_whole_byte_order_mark_is_one(void **state)
{
	(void)state;
	assert_int_equal(text_bom_bytes("\xef\xbb\xbf", 3), 3);
	assert_int_equal(text_bom_bytes("\xef\xbb\xbfkeys", 7), 3);
	assert_int_equal(text_bom_bytes("\xef\xbb\xbf", 2), 0);
	assert_int_equal(text_bom_bytes("keys", 4), 0);
}

static void white_space_is_trimmed_at_both_ends(void **state)
{
	char text[] = "\t a b \r\n", blank[] = " \n";

	(void)state;
	assert_string_equal(text_trim(text), "a b");
	assert_string_equal(text_trim(blank), "");
}

static void forms_are_checked(void **state)
{
	static const struct {
		bool (*check)(const char *text);
		const char *good, *bad;
	} cases[] = {
		{ text_is_uuid, "00000000-0000-4000-8000-00000000000A",
			"00000000-0000-4000-8000-" },
		{ text_is_fat_serial, "12AB-34cd", "12AB34CD" },
		{ text_is_ext4_label, "nixos", "ni xos" },
		{ text_is_ext4_label, "0123456789abcdef", "0123456789abcdef0" },
		{ text_is_fat_label, "MY ESP", "E.P" },
		{ text_is_fat_label, "boot", "twelve chars" },
		{ text_is_fat_label, "A", " A" },
		{ text_is_user_name, "_a-b.c", "9a" },
		{ text_is_user_name, "Bob", "-a" },
		{ text_is_user_name, "a_B.9", "" },
		{ text_is_clean_path, "/", "//" },
		{ text_is_clean_path, "/a/b.c", "/a/../b" },
		{ text_is_clean_path, "/...", "a" },
		{ text_is_file_url, "file:///a", "file://a" },
		{ text_is_file_url, "/a", "/a b" },
		{ text_is_utf8, "\xf0\x9f\x90\xa7", "\xed\xa0\x80" },
		{ text_is_utf8, "\xc3\xa9", "\xc0\xaf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].check(cases[i].good))
			fail_msg("\"%s\" is refused", cases[i].good);
		if (cases[i].check(cases[i].bad))
			fail_msg("\"%s\" is accepted", cases[i].bad);
		assert_false(cases[i].check == text_is_utf8 ? false : cases[i].check(""));
	}
}

static void sizes_are_rounded_down(void **state)
{
	char size[TEXT_SIZE_BYTES];

	(void)state;
	assert_string_equal(text_size(size, 1023), "1023 bytes");
	assert_string_equal(text_size(size, 1024), "1.0 KiB");
	assert_string_equal(text_size(size, (4ULL << 30) - 1), "3.9 GiB");
}

static void sanitised_text_is_no_line_of_the_protocol(void **state)
{
	char text[] = "a\x1b[2J\nInstall_SUCCESSFUL\xc2\x9b\tb";

	(void)state;
	text_sanitize(text);
	assert_string_equal(text, "a?[2J?Install-SUCCESSFUL??\tb");
}

static void options_of_a_kernel_keep_quoted_blanks(void **state)
{
	(void)state;
	assert_int_equal(text_option_bytes("a=b c"), 3);
	assert_int_equal(text_option_bytes("a=\"b c\" d"), 7);
	assert_int_equal(text_option_bytes("\"a=b c\"\td"), 7);
	assert_int_equal(text_option_bytes("a=\"b c"), 6);
	assert_int_equal(text_option_bytes(" a"), 0);
	assert_int_equal(text_option_bytes(""), 0);
}

static void a_word_of_a_list_is_found(void **state)
{
	static const char *const list[] = { "yes", "no", NULL };

	(void)state;
	assert_true(text_is_one_of("no", list));
	assert_false(text_is_one_of("No", list));
	assert_false(text_is_one_of("n", list));
	assert_true(text_is_one_of_any_case("No", list));
	assert_false(text_is_one_of_any_case("none", list));
}

static void a_path_of_members_has_no_foreign_characters(void **state)
{
	char path[12] = "users.old";

	(void)state;
	text_push_member(path, sizeof(path), 5, "a b-c");
	assert_string_equal(path, "users.a?b-c");
	text_push_member(path, sizeof(path), 11, "d");
	assert_string_equal(path, "users.a?b-c");
	text_push_member(path, sizeof(path), 0, "top");
	assert_string_equal(path, "top");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_that_does_not_fit_is_not_copied),
		cmocka_unit_test(text_is_appended_as_far_as_it_fits),
		cmocka_unit_test(a_prefix_may_be_the_whole_text),
		cmocka_unit_test(a_duplicate_of_nothing_is_nothing),
		cmocka_unit_test(only_a_whole_byte_order_mark_is_one),
		cmocka_unit_test(white_space_is_trimmed_at_both_ends),
		cmocka_unit_test(forms_are_checked),
		cmocka_unit_test(sizes_are_rounded_down),
		cmocka_unit_test(sanitised_text_is_no_line_of_the_protocol),
		cmocka_unit_test(options_of_a_kernel_keep_quoted_blanks),
		cmocka_unit_test(a_word_of_a_list_is_found),
		cmocka_unit_test(a_path_of_members_has_no_foreign_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
