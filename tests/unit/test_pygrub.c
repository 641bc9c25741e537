/* SPDX-License-Identifier: MIT */
/* Proves what is read out of a menu for pygrub, and with which line and words others are refused.
 * That pygrub itself agrees is shown by tests/xen/pygrub.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/pygrub.h"

#define LINUX  "  linux /kernels/k init=/init quiet\n"
#define INITRD "  initrd /kernels/i\n"
#define ENTRY  "menuentry \"NixOS\" --class nixos {\n" LINUX INITRD "}\n"
#define OTHER  "menuentry 'Other' {\n  linux /other\n}\n"

static struct pygrub_entry accepts(const char *text)
{
	struct pygrub_entry entry;
	struct error err = { 0 };

	if (pygrub_read(text, strlen(text), &entry, &err) < 0)
		fail_msg("%s", err.text);
	return entry;
}

static void refuses(const char *text, const char *sentence)
{
	struct pygrub_entry entry = { .kernel_line = 77 };
	struct error err = { 0 };

	assert_true(pygrub_read(text, strlen(text), &entry, &err) < 0);
	assert_int_equal(entry.kernel_line, 77);
	assert_int_equal(err.code, EXIT_VERIFY);
	if (strcmp(err.text, sentence) != 0)
		fail_msg("\"%s\" is not \"%s\"", err.text, sentence);
}

static void an_entry_is_read_whole(void **state)
{
	struct pygrub_entry entry = accepts("set timeout=0\n" ENTRY);

	(void)state;
	assert_string_equal(entry.title, "NixOS");
	assert_string_equal(entry.kernel, "/kernels/k");
	assert_string_equal(entry.initrd, "/kernels/i");
	assert_string_equal(entry.command_line, "init=/init quiet");
	assert_int_equal(entry.kernel_line, 3);
	assert_int_equal(entry.initrd_line, 4);
}

static void an_entry_without_words_and_initrd_is_read(void **state)
{
	struct pygrub_entry entry = accepts(OTHER);

	(void)state;
	assert_string_equal(entry.kernel, "/other");
	assert_string_equal(entry.command_line, "");
	assert_string_equal(entry.initrd, "");
	assert_int_equal(entry.initrd_line, 0);
}

static void the_default_counts_entries_of_submenus_too(void **state)
{
	(void)state;
	assert_string_equal(
		accepts("set default=1\n" OTHER "submenu \"all\" {\n" ENTRY "}\n").title, "NixOS");
	assert_string_equal(accepts(ENTRY OTHER "set default=\"1\"\n").title, "Other");
	assert_string_equal(accepts("set default=2\n" ENTRY OTHER).title, "NixOS");
	assert_string_equal(accepts("set default=\"${saved_entry}\"\n" ENTRY OTHER).title, "NixOS");
}

static void a_number_of_a_disk_before_a_path_is_skipped(void **state)
{
	struct pygrub_entry entry = accepts(
		"menuentry \"a\" {\nset root='hd0,msdos1'\nlinux (hd0,gpt2)/k x\n}\n");

	(void)state;
	assert_string_equal(entry.kernel, "/k");
}

static void what_pygrub_cannot_read_is_refused_with_its_line(void **state)
{
	(void)state;
	refuses("menuentry \"a\" {\n  linux ($drive1)/k\n}\n",
		"pygrub cannot read line 2 of grub.cfg: it knows no device \"($drive1\", only such "
		"as (hd0).");
	refuses(ENTRY "menuentry \"a\" {\n\n  initrd ($drive1)/i\n}\n",
		"pygrub cannot read line 7 of grub.cfg: it knows no device \"($drive1\", only such "
		"as (hd0).");
	refuses("menuentry \"a\" {\n  set root=(xen/xvda)\n" LINUX "}\n",
		"pygrub cannot read line 2 of grub.cfg: it knows no device \"(xen/xvda)\", only "
		"such as (hd0).");
	refuses("menuentry \"a\" {\n  linux (hd0/k\n}\n",
		"pygrub cannot read line 2 of grub.cfg: a parenthesis is not closed.");
	refuses("menuentry \"a\"{\n" LINUX "}\n",
		"pygrub cannot read line 3 of grub.cfg: a brace is closed, but no entry was opened "
		"in the form menuentry \"TITLE\" {.");
	refuses("menuentry \"a\" {\nmenuentry \"b\" {\n}\n}\n",
		"pygrub cannot read line 2 of grub.cfg: an entry begins inside another one.");
	refuses("menuentry \"a\" {\n" LINUX,
		"pygrub cannot read line 3 of grub.cfg: the menu ends inside an entry.");
	refuses("set a=b=c\n" ENTRY, "pygrub cannot read line 1 of grub.cfg: it can set one name "
				     "to one word without \"=\" only.");
	refuses("set default=-1\n" ENTRY,
		"pygrub cannot read line 1 of grub.cfg: the default is below zero.");
	refuses(ENTRY "# \xc0\x80\n", "pygrub cannot read line 5 of grub.cfg: it is no UTF-8.");
}

static void files_that_pygrub_cannot_open_are_refused(void **state)
{
	(void)state;
	refuses("menuentry \"a\" {\n  linux //k\n}\n", "pygrub cannot open the kernel \"//k\" in "
						       "line 2 of grub.cfg: it has two slashes in "
						       "a row.");
	refuses("menuentry \"a\" {\n" LINUX "  initrd /a /b\n}\n",
		"pygrub cannot open the initrd \"/a /b\" in line 3 of grub.cfg: it is more than "
		"one "
		"file.");
	refuses("menuentry \"a\" {\n  linux $k\n}\n",
		"pygrub cannot open the kernel \"$k\" in line 2 of grub.cfg: variables and quotes "
		"are not replaced.");
	refuses("menuentry \"a\" {\n  linux k\n}\n",
		"pygrub cannot open the kernel \"k\" in line 2 of grub.cfg: it is no absolute "
		"path.");
}

static void a_menu_without_a_kernel_is_refused(void **state)
{
	(void)state;
	refuses("", "pygrub finds no kernel in grub.cfg.");
	refuses("menuentry \"a\" {\n" INITRD "}\n", "pygrub finds no kernel in grub.cfg, entry a.");
}

static void characters_of_every_length_are_read(void **state)
{
	(void)state;
	accepts("# \xc3\xbc \xe2\x82\xac \xed\x9f\xbf \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf\n" ENTRY);
	for (size_t i = 0; i < 4; i++) {
		static const char *const wrong[] = { "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
			"\x80" };
		char text[64],
			sentence[] = "pygrub cannot read line 1 of grub.cfg: it is no UTF-8.";

		snprintf(text, sizeof(text), "# %s\n", wrong[i]);
		refuses(text, sentence);
	}
}

static void every_cut_of_a_menu_is_survived(void **state)
{
	static const char text[] = "set default=1\nfunction f {\n}\n" OTHER
				   "submenu \"all\" {\n" ENTRY "}\n";

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		char *cut = strndup(text, length);
		struct pygrub_entry entry;
		struct error err;

		assert_non_null(cut);
		(void)!pygrub_read(cut, length, &entry, &err);
		free(cut);
	}
}

static void too_long_a_menu_is_refused(void **state)
{
	size_t size_bytes = PYGRUB_MENU_MAX_BYTES + 1;
	char *text = malloc(size_bytes + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size_bytes);
	text[size_bytes] = '\0';
	refuses(text, "pygrub cannot read grub.cfg: it is longer than 1048576 bytes, or no text.");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_read_whole),
		cmocka_unit_test(an_entry_without_words_and_initrd_is_read),
		cmocka_unit_test(the_default_counts_entries_of_submenus_too),
		cmocka_unit_test(a_number_of_a_disk_before_a_path_is_skipped),
		cmocka_unit_test(what_pygrub_cannot_read_is_refused_with_its_line),
		cmocka_unit_test(files_that_pygrub_cannot_open_are_refused),
		cmocka_unit_test(a_menu_without_a_kernel_is_refused),
		cmocka_unit_test(characters_of_every_length_are_read),
		cmocka_unit_test(every_cut_of_a_menu_is_survived),
		cmocka_unit_test(too_long_a_menu_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
