/* SPDX-License-Identifier: MIT */
/*
 * Proves what plan --json prints against stored texts; jq judges those in tests/build/plan_json.sh.
 * UPDATE_GOLDEN=1 in the environment writes the stored texts again.
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
#include "config/merge.h"
#include "plan/plan_json.h"
#include "plan/planner.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define SEED   "00000000-0000-4000-8000-000000000001"

static struct disk disks[2];
static struct selection selection;
static struct plan plan;
static struct plan_answer answer;

/* A blank disk that is taken, and a key drive. */
static int begin(void **state)
{
	(void)state;
	disks[0] = (struct disk){ .name = "vda",
		.path = "/dev/vda",
		.serial = "root",
		.size_bytes = 4 * GIB,
		.sector_bytes = 512 };
	disks[1] = (struct disk){ .name = "vdb",
		.path = "/dev/vdb",
		.size_bytes = 2949120,
		.sector_bytes = 512,
		.key_drive = true,
		.signature = "vfat",
		.labels = { { "vdb", "QEMU VVFAT", "", 0 } },
		.label_count = 1 };
	memset(&selection, 0, sizeof(selection));
	selection.disks[0].disk_class = DISK_TAKEN;
	strcpy(selection.disks[0].reason, "is blank");
	selection.disks[1].disk_class = DISK_OUT;
	strcpy(selection.disks[1].reason, "is the key drive");
	answer = (struct plan_answer){ .disks = disks, .disk_count = 2, .selection = &selection };
	return 0;
}

static void make_plan(const char *layout, const char *swap)
{
	const struct plan_needs needs = {
		.nar_bytes = 400 * MIB, .files = 10000, .architecture = architecture_find("x86_64")
	};
	struct error err = { 0 };
	struct config config;

	key_table_set_defaults(&config);
	merge_option(&config, "test", "system=" SYSTEM);
	merge_option(&config, "test", layout);
	if (swap)
		merge_option(&config, "test", swap);
	assert_int_equal(config.error_count, 0);
	if (planner_make(&config, NULL, &disks[0], NULL, &needs, SEED, &plan, &err) < 0)
		fail_msg("%s", err.text);
	answer.plan = &plan;
}

static void is_golden(const char *name)
{
	static char expected[16384];
	char path[128], *text = plan_json(&answer);
	const char *wish = getenv("UPDATE_GOLDEN");
	bool update = wish && *wish;
	FILE *golden;

	snprintf(path, sizeof(path), "tests/unit/golden/answer-%s.json", name);
	golden = fopen(path, update ? "w+" : "r");
	if (!golden)
		fail_msg("%s cannot be opened", path);
	if (update) {
		fputs(text, golden);
		rewind(golden);
	}
	expected[fread(expected, 1, sizeof(expected) - 1, golden)] = '\0';
	fclose(golden);
	assert_string_equal(text, expected);
	free(text);
}

static void a_plan_has_its_golden_answer(void **state)
{
	(void)state;
	make_plan("layout=gpt", "swap=1G");
	is_golden("plan");
}

static void a_plan_on_mbr_has_its_golden_answer(void **state)
{
	(void)state;
	make_plan("layout=bios", NULL);
	is_golden("plan-bios");
}

static void a_refused_disk_has_its_golden_answer(void **state)
{
	static const struct error err = { .code = EXIT_NOT_BLANK,
		.text = "No disk is plainly meant for the guest: \"vda\" holds a gpt table." };

	(void)state;
	strcpy(disks[0].table, "gpt");
	strcpy(selection.disks[0].reason, "holds a gpt table");
	selection.disks[0].disk_class = DISK_CONTENT;
	disks[0].labels[0] = (struct disk_label){ "vda1", "", "ABCD-0123", 0 };
	disks[0].label_count = 1;
	answer.refusal = &err;
	answer.stage = STAGE_TARGET;
	is_golden("refusal");
}

static void what_was_refused_before_the_disks_were_judged_has_its_golden_answer(void **state)
{
	static const struct error err = { .code = EXIT_NO_KEY, .text = "No SSH key was found." };

	(void)state;
	memset(&selection, 0, sizeof(selection));
	answer.refusal = &err;
	answer.stage = STAGE_KEYS;
	is_golden("early-refusal");
}

static bool contains(const char *needle)
{
	char *text = plan_json(&answer);
	bool found = strstr(text, needle) != NULL;

	free(text);
	return found;
}

static void a_refused_plan_still_names_the_target(void **state)
{
	static const struct error err = { .code = EXIT_TOO_SMALL, .text = "Too small." };

	(void)state;
	answer.refusal = &err;
	answer.stage = STAGE_PLAN;
	assert_true(contains("\"target\": \"/dev/vda\""));
	assert_true(contains("\"plan\": null"));
}

static void odd_bytes_of_a_disk_stay_inside_their_string(void **state)
{
	(void)state;
	make_plan("layout=gpt", NULL);
	strcpy(disks[0].serial, "a\"b\\c\n\x1b");
	assert_true(contains("\"serial\": \"a\\\"b\\\\c\\n\\u001B\""));
	strcpy(disks[0].serial, "caf\xc3\xa9");
	assert_true(contains("\"serial\": \"caf\xc3\xa9\""));
	strcpy(disks[0].serial, "caf\xe9");
	assert_true(contains("\"serial\": \"caf?\""));
}

static void no_disk_at_all_is_an_empty_list(void **state)
{
	static const struct error err = { .code = EXIT_NO_DISK, .text = "None." };

	(void)state;
	answer.disk_count = 0;
	answer.refusal = &err;
	answer.stage = STAGE_DISKS;
	assert_true(contains("\"disks\": []"));
	assert_true(contains("\"target\": null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_plan_has_its_golden_answer, begin),
		cmocka_unit_test_setup(a_plan_on_mbr_has_its_golden_answer, begin),
		cmocka_unit_test_setup(a_refused_disk_has_its_golden_answer, begin),
		cmocka_unit_test_setup(
			what_was_refused_before_the_disks_were_judged_has_its_golden_answer, begin),
		cmocka_unit_test_setup(a_refused_plan_still_names_the_target, begin),
		cmocka_unit_test_setup(odd_bytes_of_a_disk_stay_inside_their_string, begin),
		cmocka_unit_test_setup(no_disk_at_all_is_an_empty_list, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
