/* SPDX-License-Identifier: MIT */
/*
 * Proves the whole guest-installer.nix of each layout against a stored text, which Nix parses, too
 * (tests/nix), and that no key can break out of its string. UPDATE_GOLDEN=1 in the environment
 * writes the stored texts again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "nixos_install/configuration.h"
#include "nixos_install/layout_modules.h"
#include "plan/planner.h"

#define KEY  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkuPlvbTn2Mp alice@host\n"
#define SEED "00000000-0000-4000-8000-000000000001"

/* The plan of a guest that is still to be built. */
static struct plan make_plan(enum layout layout, bool image_file)
{
	struct config config;
	struct manifest manifest;
	struct plan plan;
	struct error err = { 0 };
	const struct plan_needs needs = { .nar_bytes = 400 * MIB, .files = 10000 };
	struct disk disk = { .name = "vda",
		.path = "/dev/vda",
		.size_bytes = 4 * GIB,
		.sector_bytes = 512,
		.image_file = image_file };
	struct disk boot = { .name = "vdb",
		.path = "/dev/vdb",
		.size_bytes = GIB,
		.sector_bytes = 512,
		.image_file = image_file };

	key_table_set_defaults(&config);
	config.engine = ENGINE_NIXOS_INSTALL;
	config.layout = layout;
	config.swap_bytes = layout == LAYOUT_BIOS ? 512 * MIB : 0;
	manifest_assume("", layout, &manifest);
	manifest.architecture = architecture_find("x86_64");
	if (planner_make(&config, &manifest, &disk, layout == LAYOUT_PYGRUB ? &boot : NULL, &needs,
		    SEED, &plan, &err) < 0)
		fail_msg("%s", err.text);
	return plan;
}

/* The text is what lies in golden/nixconfig/NAME.nix. */
static void expect_golden(const char *name, const char *text)
{
	char path[128], stored[8192];
	const char *mode = getenv("UPDATE_GOLDEN") ? "w" : "r";
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "tests/unit/golden/nixconfig/%s.nix", name);
	file = fopen(path, mode);
	assert_non_null(file);
	if (*mode == 'w') {
		fputs(text, file);
	} else {
		length = fread(stored, 1, sizeof(stored) - 1, file);
		stored[length] = '\0';
		assert_string_equal(text, stored);
	}
	fclose(file);
}

static void every_layout_has_what_its_disk_needs(void **state)
{
	(void)state;
	for (enum layout layout = LAYOUT_BIOS; layout < LAYOUT_COUNT; layout++) {
		const struct plan plan = make_plan(layout, false);
		char *text = configuration_guest(&plan, "guest", KEY KEY);

		expect_golden(layout_name(layout), text);
		free(text);
	}
}

static void an_image_file_is_found_by_its_uuid(void **state)
{
	const struct plan plan = make_plan(LAYOUT_DIRECT, true);
	char *text = configuration_guest(&plan, "", NULL);

	(void)state;
	expect_golden("image", text);
	free(text);
}

static void a_key_stays_within_its_string(void **state)
{
	const struct plan plan = make_plan(LAYOUT_GPT, false);
	char *text = configuration_guest(&plan, "",
		"command=\"echo \\\"${HOME}\\\"\" ssh-ed25519 AAAA '' $$\n\nlast without newline");

	(void)state;
	assert_non_null(strstr(text, "    \"command=\\\"echo \\\\\\\"\\${HOME}\\\\\\\"\\\" "
				     "ssh-ed25519 AAAA '' \\$\\$\"\n"
				     "    \"last without newline\"\n  ];\n"));
	free(text);
}

static void every_layout_comes_with_its_modules(void **state)
{
	(void)state;
	for (enum layout layout = LAYOUT_BIOS; layout < LAYOUT_COUNT; layout++) {
		const struct layout_modules_file *files = layout_modules_files(layout);
		char own[32];

		snprintf(own, sizeof(own), "%s.nix", layout_name(layout));
		assert_string_equal(files[0].name, own);
		for (size_t i = 0; i < LAYOUT_MODULES_MAX; i++) {
			char path[128], stored[8192];
			size_t length;
			FILE *file;

			snprintf(path, sizeof(path), "iso/layouts/%s", files[i].name);
			file = fopen(path, "r");
			assert_non_null(file);
			length = fread(stored, 1, sizeof(stored) - 1, file);
			stored[length] = '\0';
			fclose(file);
			assert_string_equal(files[i].text, stored);
		}
		assert_null(files[LAYOUT_MODULES_MAX].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_has_what_its_disk_needs),
		cmocka_unit_test(an_image_file_is_found_by_its_uuid),
		cmocka_unit_test(a_key_stays_within_its_string),
		cmocka_unit_test(every_layout_comes_with_its_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
