/* SPDX-License-Identifier: MIT */
/* Proves that entries are named and written as systemd-boot-builder.py of nixpkgs does it, and that
 * our own reader of them finds in them what was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "guest/loader_files.h"
#include "verify/loader_entries.h"

#define HASH   "0123456789abcdfghijklmnpqrsvwxyz"
#define KERNEL "/EFI/nixos/" HASH "-linux-6.12-bzImage.efi"
#define INITRD "/EFI/nixos/" HASH "-initrd-linux-6.12-initrd.efi"

static const struct bootspec spec = {
	.init = "/nix/store/" HASH "-nixos-system-guest/init",
	.label = "NixOS Xantusia 25.11 (Linux 6.12)",
	.kernel_params = "console=ttyS0 loglevel=4",
	.sort_key = "nixos",
};

static void files_of_the_store_are_named_by_path_and_name(void **state)
{
	static const struct {
		const char *file, *place;
	} rows[] = {
		{ "/nix/store/" HASH "-linux-6.12/bzImage", KERNEL },
		{ "/nix/store/" HASH "-linux-6.12/a/b/Image",
			"/EFI/nixos/" HASH "-linux-6.12-Image.efi" },
		{ "/nix/store/" HASH "-one-file", "/EFI/nixos/" HASH "-one-file.efi" },
	};
	char place[LOADER_FILES_PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loader_files_place(rows[i].file, place);
		assert_string_equal(place, rows[i].place);
	}
}

static void entries_are_those_of_the_builder(void **state)
{
	AUTO_FREE char *text = loader_files_entry(&spec, NULL, KERNEL, INITRD, 1764460800);

	(void)state;
	assert_string_equal(text,
		"title NixOS\n"
		"sort-key nixos\n"
		"version Generation 1 NixOS Xantusia 25.11 (Linux 6.12), built on 2025-11-30\n"
		"linux " KERNEL "\n"
		"initrd " INITRD "\n"
		"options init=/nix/store/" HASH
		"-nixos-system-guest/init console=ttyS0 loglevel=4\n");
}

static void a_specialisation_has_its_name_in_title_and_file(void **state)
{
	AUTO_FREE char *text = loader_files_entry(&spec, "alpha", KERNEL, "", 0);
	char path[LOADER_FILES_PATH_BYTES];

	(void)state;
	assert_non_null(strstr(text, "title NixOS (alpha)\n"));
	assert_null(strstr(text, "initrd"));
	loader_files_entry_path("alpha", path);
	assert_string_equal(path, "/loader/entries/nixos-generation-1-specialisation-alpha.conf");
	loader_files_entry_path(NULL, path);
	assert_string_equal(path, "/loader/entries/nixos-generation-1.conf");
}

/* The default is the system's entry, not that of a specialisation, which sorts behind it. */
static void the_reader_chooses_the_system(void **state)
{
	static struct loader_entry entries[2];
	AUTO_FREE char *first = loader_files_entry(&spec, NULL, KERNEL, INITRD, 0);
	AUTO_FREE char *second = loader_files_entry(&spec, "alpha", KERNEL, INITRD, 0);
	AUTO_FREE char *config_text = strdup(loader_files_config);
	struct loader_config config;
	struct error err;
	size_t chosen;

	(void)state;
	assert_int_equal(loader_entries_parse_type1("nixos-generation-1-specialisation-alpha.conf",
				 second, &entries[0], &err),
		0);
	assert_int_equal(
		loader_entries_parse_type1("nixos-generation-1.conf", first, &entries[1], &err), 0);
	assert_int_equal(loader_entries_parse_config(config_text, &config, &err), 0);
	assert_int_equal(loader_entries_choose(&config, entries, 2, &chosen, &err), 0);
	assert_string_equal(entries[chosen].file, "nixos-generation-1.conf");
	assert_string_equal(entries[chosen].kernel, KERNEL);
	assert_string_equal(entries[chosen].initrds[0], INITRD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_the_store_are_named_by_path_and_name),
		cmocka_unit_test(entries_are_those_of_the_builder),
		cmocka_unit_test(a_specialisation_has_its_name_in_title_and_file),
		cmocka_unit_test(the_reader_chooses_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
