/* SPDX-License-Identifier: MIT */
/* Proves where nixos-install's programs are looked for, and whose configuration is taken. */
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

#include "config/key_table.h"
#include "nixos_install/build_request.h"

static char folder[] = "/tmp/test_recipe.XXXXXX";
static struct config config;
static struct key_drive drive;
static struct build_request build_request;

static void write_file(const char *name, mode_t mode, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_file("nixos-generate-config", 0755, "");
	write_file("nixos-install", 0755, "");
	write_file("guest.nix", 0644, "{ file = true; }\n");
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "nixos-generate-config", "nixos-install", "guest.nix",
		"" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
	return 0;
}

static int begin(void **state)
{
	char path[128];

	(void)state;
	key_table_set_defaults(&config);
	config.engine = ENGINE_NIXOS_INSTALL;
	drive = (struct key_drive){ .found = true };
	snprintf(path, sizeof(path), "/nonexistent::%s:/bin", folder);
	return setenv("PATH", path, 1);
}

static int end(void **state)
{
	(void)state;
	build_request_free(&build_request);
	return 0;
}

static void reads(void)
{
	struct error err = { 0 };

	if (build_request_read(&config, &drive, &build_request, &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(int code, const char *words)
{
	struct error err = { 0 };

	assert_true(build_request_read(&config, &drive, &build_request, &err) < 0);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("%s", err.text);
}

static void programs_are_found_by_path(void **state)
{
	char expected[64];

	(void)state;
	reads();
	snprintf(expected, sizeof(expected), "%s/nixos-install", folder);
	assert_string_equal(build_request.install, expected);
	assert_null(build_request.configuration);
	setenv("PATH", "/nonexistent", 1);
	refuses(EXIT_CONFIGURATION, "needs the program nixos-generate-config");
}

static void the_key_drives_configuration_is_the_default(void **state)
{
	(void)state;
	drive.configuration_text = (char[]){ "{ drive = true; }" };
	reads();
	assert_string_equal(build_request.configuration, "{ drive = true; }");
	build_request_free(&build_request);
	snprintf(config.configuration, sizeof(config.configuration), "%s/guest.nix", folder);
	reads();
	assert_string_equal(build_request.configuration, "{ file = true; }\n");
	build_request_free(&build_request);
	config.configuration[0] = '\0';
	snprintf(config.flake, sizeof(config.flake), "%s#guest", folder);
	reads();
	assert_null(build_request.configuration);
}

static void a_flake_of_the_key_drive_has_all_its_files(void **state)
{
	(void)state;
	snprintf(config.flake, sizeof(config.flake), "drive#guest");
	refuses(EXIT_CONFIGURATION, "there is no flake.nix on it");
	drive.found = false;
	refuses(EXIT_CONFIGURATION, "no key drive was found");
	drive.found = true;
	drive.flake_text = (char[]){ "flake" };
	reads();
	assert_string_equal(build_request.flake, "flake");
	assert_null(build_request.lock);
	build_request_free(&build_request);
	drive.lock_text = (char[]){ "lock" };
	drive.configuration_text = (char[]){ "configuration" };
	reads();
	assert_string_equal(build_request.lock, "lock");
	assert_string_equal(build_request.configuration, "configuration");
}

static void a_configuration_with_a_nul_is_refused(void **state)
{
	char path[64];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/guest.nix", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite("{ }\0hidden", 10, 1, file), 1);
	fclose(file);
	snprintf(config.configuration, sizeof(config.configuration), "%s", path);
	refuses(EXIT_CONFIGURATION, "guest.nix: it has a NUL byte");
}

static void a_flake_in_a_folder_is_there(void **state)
{
	(void)state;
	snprintf(config.flake, sizeof(config.flake), "%s/missing?dir=a#guest", folder);
	refuses(EXIT_CONFIGURATION, "/missing, which is no folder");
	snprintf(config.flake, sizeof(config.flake), "%s/guest.nix#guest", folder);
	refuses(EXIT_CONFIGURATION, "/guest.nix, which is no folder");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(programs_are_found_by_path),
		TEST(the_key_drives_configuration_is_the_default),
		TEST(a_flake_of_the_key_drive_has_all_its_files),
		TEST(a_configuration_with_a_nul_is_refused),
		TEST(a_flake_in_a_folder_is_there),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
