/* SPDX-License-Identifier: MIT */
/* Proves how loader.conf, boot entries and the sections of kernel images are parsed, and what of
 * them is refused. Order and choice are compared with systemd's in tests/loop/boot_menus.sh. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verify/loader_entries.h"
#include "verify/pe_sections.h"

static struct loader_config config;
static struct loader_entry entry;
static struct error err;

static void says(int r, const char *sentence)
{
	assert_true(r < 0);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
}

#define NAME_64	  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
#define LONG_NAME NAME_64 NAME_64 NAME_64 NAME_64

#define NEXT_LINE "\neditor no\n"

/* A line that is longer than options may be, and another one. */
static const char *long_line(const char *start)
{
	static char text[LOADER_OPTIONS_BYTES + 128];

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, start, strlen(start));
	strcpy(text + sizeof(text) - sizeof(NEXT_LINE), NEXT_LINE);
	return text;
}

static void the_configuration_names_a_default_in_lower_case(void **state)
{
	(void)state;
	assert_int_equal(loader_entries_parse_config("# x\n\ntimeout 5\r\ndefault\tNixOS-*.conf\n"
						     "preferred \"a b\"\neditor no\n",
				 &config, &err),
		0);
	assert_string_equal(config.chosen, "nixos-*.conf");
	assert_string_equal(config.preferred, "a b");
}

static void a_menu_that_waits_or_asks_variables_is_refused(void **state)
{
	(void)state;
	says(loader_entries_parse_config("timeout menu-force\n", &config, &err), "waits for ever");
	says(loader_entries_parse_config("timeout x\n", &config, &err), "not understood: x");
	says(loader_entries_parse_config("timeout 5s\n", &config, &err), "not understood: 5s");
	says(loader_entries_parse_config("default " LONG_NAME "\n", &config, &err),
		"too long a default");
	says(loader_entries_parse_config(long_line("editor "), &config, &err),
		"a line that is too long");
	says(loader_entries_parse_config("\n\nnew 1\n", &config, &err),
		"loader.conf line 3 is not understood: new 1");
	assert_int_equal(
		loader_entries_parse_config("timeout menu-hidden\ntimeout 0", &config, &err), 0);
	assert_int_equal(
		loader_entries_parse_config(
			"timeout menu-disabled\neditor\neditor \"no\neditor '\n", &config, &err),
		0);
}

/* A fresh machine has no variable with an entry that was started before. */
static void a_default_of_efi_variables_is_none(void **state)
{
	(void)state;
	assert_int_equal(
		loader_entries_parse_config("default a.conf\ndefault @Saved\n", &config, &err), 0);
	assert_string_equal(config.chosen, "");
	assert_int_equal(
		loader_entries_parse_config("default a.conf\ndefault @other\n", &config, &err), 0);
	assert_string_equal(config.chosen, "a.conf");
}

static void an_entry_has_files_and_options(void **state)
{
	(void)state;
	assert_int_equal(loader_entries_parse_type1("NixOS+2-1.conf",
				 "title x\nlinux /k\ninitrd /a\ninitrd /b\noptions init=/i\n"
				 "options quiet\nsort-key n\nversion 1\nmachine-id 2\n"
				 "devicetree /d\ndevicetree-overlay /o\nprofile 0\n",
				 &entry, &err),
		0);
	assert_string_equal(entry.id, "nixos.conf");
	assert_string_equal(entry.file, "NixOS+2-1.conf");
	assert_int_equal(entry.tries_left, 2);
	assert_int_equal(entry.tries_done, 1);
	assert_string_equal(entry.kernel, "/k");
	assert_int_equal(entry.initrd_count, 2);
	assert_string_equal(entry.initrds[1], "/b");
	assert_string_equal(entry.options, "init=/i quiet");
	assert_string_equal(entry.devicetree, "/d");
	assert_string_equal(entry.not_understood, "");
	assert_false(entry.ignored);
}

static void a_counter_is_the_last_plus_with_numbers(void **state)
{
	static const struct {
		const char *file, *id;
		long left, done;
	} cases[] = {
		{ "a.conf", "a.conf", -1, -1 },
		{ "a+3.conf", "a.conf", 3, 0 },
		{ "a+0-4.conf", "a.conf", 0, 4 },
		{ "a+b+1.conf", "a+b.conf", 1, 0 },
		{ "a+.conf", "a+.conf", -1, -1 },
		{ "a+1-.conf", "a+1-.conf", -1, -1 },
		{ "a+1x.conf", "a+1x.conf", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			loader_entries_parse_type1(cases[i].file, "linux /k\n", &entry, &err), 0);
		assert_string_equal(entry.id, cases[i].id);
		assert_int_equal(entry.tries_left, cases[i].left);
		assert_int_equal(entry.tries_done, cases[i].done);
	}
}

static void entries_that_do_not_apply_are_ignored(void **state)
{
	(void)state;
	assert_int_equal(loader_entries_parse_type1("a.conf", "title x\n", &entry, &err), 0);
	assert_true(entry.ignored);
	assert_int_equal(
		loader_entries_parse_type1("a.conf", "linux /k\narchitecture aa64\n", &entry, &err),
		0);
	assert_false(entry.ignored);
	assert_string_equal(entry.architecture, "aa64");
	assert_int_equal(loader_entries_parse_type1("a.conf",
				 "architecture x64\narchitecture X64\nlinux /k\n", &entry, &err),
		0);
	assert_false(entry.ignored);
	assert_int_equal(loader_entries_parse_type1("a.conf",
				 "architecture aa64\narchitecture X64\nlinux /k\ngrub_users x\n",
				 &entry, &err),
		0);
	assert_true(entry.ignored);
}

/* The caller refuses it if the entry is the one that starts. */
static void the_first_line_that_is_not_understood_is_noted(void **state)
{
	(void)state;
	assert_int_equal(
		loader_entries_parse_type1("a.conf", "linux /k\nnew x\nnewer y\n", &entry, &err),
		0);
	assert_string_equal(entry.not_understood, "a.conf line 2 is not understood: new x");
	assert_false(entry.ignored);
}

static void an_image_may_stand_in_an_entry(void **state)
{
	(void)state;
	assert_int_equal(
		loader_entries_parse_type1("a.conf", "uki /u\nprofile 1\n", &entry, &err), 0);
	assert_string_equal(entry.kernel, "/u");
	assert_true(entry.efi);
	says(loader_entries_parse_type1("a.conf", "uki-url http://x\n", &entry, &err),
		"a.conf line 1 is not understood: uki-url http://x");
}

static void entries_have_their_limits(void **state)
{
	char text[LOADER_OPTIONS_BYTES + 512] = "";

	(void)state;
	says(loader_entries_parse_type1(LONG_NAME "+3.conf", "linux /k\n", &entry, &err),
		"too long a name");
	says(loader_entries_parse_type2(LONG_NAME ".efi", "ID=x\n", &entry, &err),
		"too long a name");
	says(loader_entries_parse_type1("a.conf", long_line("version "), &entry, &err),
		"a.conf line 1 is not understood: version x");
	says(loader_entries_parse_type1("a.conf", long_line("title "), &entry, &err),
		"a.conf has a line that is too long");
	memset(text, 'v', 511);
	memcpy(text, "version ", 8);
	strcpy(text + 511, "\nlinux /k\n");
	assert_int_equal(loader_entries_parse_type1("a.conf", text, &entry, &err), 0);
	assert_int_equal(strlen(entry.version), 503);
	memset(text, 0, sizeof(text));
	memset(text, '#', sizeof(text) - 1);
	says(loader_entries_parse_type1("a.conf", text, &entry, &err),
		"a.conf has a line that is too long");
	strcpy(text, "linux /k\n");
	for (size_t i = 0; i <= LOADER_INITRDS_MAX; i++)
		strcat(text, "initrd /i\n");
	says(loader_entries_parse_type1("a.conf", text, &entry, &err), "is not understood: initrd");
	strcpy(text, "linux /k\noptions ");
	memset(text + strlen(text), 'x', LOADER_OPTIONS_BYTES - 1);
	strcpy(text + strlen("linux /k\noptions ") + LOADER_OPTIONS_BYTES - 1, "\noptions y\n");
	says(loader_entries_parse_type1("a.conf", text, &entry, &err),
		"a.conf line 3 is not understood: options y");
}

/* As systemd-boot sorts two files of one entry. */
static void of_one_entry_the_file_with_more_tries_comes_first(void **state)
{
	static const char *const files[] = { "a+2.conf", "a+2-1.conf", "a+1.conf", "a.conf" };
	struct loader_entry entries[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			loader_entries_parse_type1(files[i], "linux /k\n", &entries[i], &err), 0);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(loader_entries_compare(&entries[i], &entries[j]),
				(i > j) - (i < j));
	assert_int_equal(loader_entries_compare(&entries[0], &entries[3]), 0);
	assert_int_equal(loader_entries_compare(&entries[3], &entries[0]), 0);
}

static void versions_are_compared_piece_by_piece(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{ "", "", 0 },
		{ "1.2", "1.2", 0 },
		{ "1.2", "1.10", -1 },
		{ "1.02", "1.2", 0 },
		{ "a", "1", -1 },
		{ "ab", "aa", 1 },
		{ "a", "ab", -1 },
		{ "1~rc1", "1", -1 },
		{ "1~rc1", "1~rc2", -1 },
		{ "1-2", "1.2", -1 },
		{ "1^", "1", 1 },
		{ "_1", "1_", 0 },
		{ "1_", "1", 0 },
		{ "1/", "1/2", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int order = loader_entries_compare_versions(cases[i].a, cases[i].b);
		int back = loader_entries_compare_versions(cases[i].b, cases[i].a);

		if ((order > 0) - (order < 0) != cases[i].order ||
			(back > 0) - (back < 0) != -cases[i].order)
			fail_msg("%s and %s: %d and %d", cases[i].a, cases[i].b, order, back);
	}
}

static void an_image_without_names_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(loader_entries_parse_type2("N.efi", "HOME_URL=x\n", &entry, &err), 0);
	assert_true(entry.ignored);
}

static void an_image_is_named_by_its_os_release(void **state)
{
	(void)state;
	assert_int_equal(loader_entries_parse_type2("N.efi",
				 "ID=nixos\nVERSION_ID=\"25.05\"\nNAME=NixOS\n", &entry, &err),
		0);
	assert_true(entry.unified);
	assert_string_equal(entry.id, "n.efi");
	assert_string_equal(entry.sort_key, "nixos");
	assert_string_equal(entry.version, "25.05");
	assert_string_equal(entry.title, "NixOS");
}

static void a_preferred_entry_without_tries_is_passed_over(void **state)
{
	struct loader_entry entries[2];
	size_t chosen;

	(void)state;
	assert_int_equal(
		loader_entries_parse_type1("a+0.conf", "linux /k\n", &entries[0], &err), 0);
	assert_int_equal(loader_entries_parse_type1("b.conf", "linux /k\n", &entries[1], &err), 0);
	memset(&config, 0, sizeof(config));
	strcpy(config.preferred, "a.conf");
	assert_int_equal(loader_entries_choose(&config, entries, 2, &chosen, &err), 0);
	assert_string_equal(entries[chosen].id, "b.conf");
	strcpy(config.preferred, "b.*");
	assert_int_equal(loader_entries_choose(&config, entries, 2, &chosen, &err), 0);
	assert_string_equal(entries[chosen].id, "b.conf");
	strcpy(config.preferred, "a.conf");
	strcpy(config.chosen, "a.conf");
	assert_int_equal(loader_entries_choose(&config, entries, 2, &chosen, &err), 0);
	assert_string_equal(entries[chosen].id, "a.conf");
	says(loader_entries_choose(&config, entries, 0, &chosen, &err), "no boot entry");
}

static void sections_are_found_in_the_table(void **state)
{
	static uint8_t image[1024];
	struct pe_section section;
	uint16_t machine;

	(void)state;
	memcpy(image, "MZ", 2);
	image[0x3c] = 0x40;
	memcpy(image + 0x40, "PE\0\0", 4);
	image[0x46] = 1;
	memcpy(image + 0x58, ".linux\0\0", 8);
	image[0x60] = 5; /* in memory */
	image[0x69] = 2; /* 512 bytes in the file */
	image[0x6d] = 1; /* at 256 */
	image[0x44] = 0x64;
	image[0x45] = 0x86;
	assert_int_equal(pe_sections_machine("/x", image, 0x58, &machine, &err), 0);
	assert_int_equal(machine, 0x8664);
	says(pe_sections_machine("/x", image, 0x57, &machine, &err), "/x is not an EFI program");
	assert_int_equal(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), 0);
	assert_int_equal(section.offset_bytes, 256);
	assert_int_equal(section.size_bytes, 5);
	assert_int_equal(
		pe_sections_find("/x", image, sizeof(image), ".lin", &section, &err), -ENOENT);
	says(pe_sections_find("/x", image, 260, ".linux", &section, &err), "beyond its end");
	image[0x47] = 1;
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "table");
	says(pe_sections_find("/x", image, 0x30, ".linux", &section, &err), "not an EFI program");
	image[0x47] = 0;
	image[0x69] = 0;
	image[0x68] = 3; /* bytes in the file: less than in memory */
	assert_int_equal(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), 0);
	assert_int_equal(section.size_bytes, 3);
	image[0x6d] = 5; /* beyond the end */
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err),
		"beyond its end");
	image[0x55] = 0xff; /* the optional header's size */
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "table");
	image[0x43] = 1;
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "not an EFI");
	image[0x3d] = 3;
	image[0x3c] = 0xf0;
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "not an EFI");
	image[0x3d] = 5;
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "not an EFI");
	image[0] = 'Z';
	says(pe_sections_find("/x", image, sizeof(image), ".linux", &section, &err), "not an EFI");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_configuration_names_a_default_in_lower_case),
		cmocka_unit_test(a_menu_that_waits_or_asks_variables_is_refused),
		cmocka_unit_test(a_default_of_efi_variables_is_none),
		cmocka_unit_test(an_entry_has_files_and_options),
		cmocka_unit_test(a_counter_is_the_last_plus_with_numbers),
		cmocka_unit_test(entries_that_do_not_apply_are_ignored),
		cmocka_unit_test(the_first_line_that_is_not_understood_is_noted),
		cmocka_unit_test(an_image_may_stand_in_an_entry),
		cmocka_unit_test(entries_have_their_limits),
		cmocka_unit_test(of_one_entry_the_file_with_more_tries_comes_first),
		cmocka_unit_test(versions_are_compared_piece_by_piece),
		cmocka_unit_test(an_image_without_names_is_ignored),
		cmocka_unit_test(an_image_is_named_by_its_os_release),
		cmocka_unit_test(a_preferred_entry_without_tries_is_passed_over),
		cmocka_unit_test(sections_are_found_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
