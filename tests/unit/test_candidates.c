/* SPDX-License-Identifier: MIT */
/* Proves which image files are candidates, and how disks are judged where no install was
 * planned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "plan/candidates.h"

static struct candidates candidates;
static struct config config;
static char image[] = "/tmp/guest-installer-image.XXXXXX";

static int make_image(void **state)
{
	int fd = mkstemp(image);

	(void)state;
	return fd < 0 || ftruncate(fd, 4 * MIB) < 0 || close(fd) < 0;
}

static int remove_image(void **state)
{
	(void)state;
	return unlink(image);
}

static int begin(void **state)
{
	(void)state;
	memset(&candidates, 0, sizeof(candidates));
	key_table_set_defaults(&config);
	return 0;
}

static void use(const char *disk, const char *boot_disk)
{
	snprintf(config.disk, sizeof(config.disk), "%s", disk);
	snprintf(config.boot_disk, sizeof(config.boot_disk), "%s", boot_disk);
}

static void a_file_that_is_not_there_is_no_candidate(void **state)
{
	struct error err = { 0 };

	(void)state;
	use("/nonexistent.img", "auto");
	assert_true(candidates_find_images(&config, &candidates, &err) < 0);
	assert_int_equal(candidates.count, 0);
	use(image, "/nonexistent.img");
	assert_true(candidates_find_images(&config, &candidates, &err) < 0);
	assert_int_equal(candidates.count, 1);
}

static void one_file_for_both_disks_is_one_candidate(void **state)
{
	struct error err = { 0 };

	(void)state;
	use(image, image);
	assert_int_equal(candidates_find_images(&config, &candidates, &err), 0);
	assert_int_equal(candidates.count, 1);
}

static void a_refused_configuration_still_judges_its_image_file(void **state)
{
	(void)state;
	candidates.images = true;
	config.layout = LAYOUT_DIRECT;
	use("/nonexistent.img", "");
	candidates_classify(&candidates, &config);
	assert_int_equal(candidates.count, 0);
	use(image, "");
	candidates_classify(&candidates, &config);
	assert_int_equal(candidates.count, 1);
	assert_string_equal(candidates.selection.disks[0].reason, "is blank");
}

static void disks_are_judged_once(void **state)
{
	(void)state;
	candidates_classify(&candidates, &config);
	assert_int_equal(candidates.count, 0);
	candidates.count = 1;
	strcpy(candidates.disks[0].name, "vda");
	use("", "");
	candidates_classify(&candidates, &config);
	assert_string_equal(candidates.selection.disks[0].reason, "is blank");
	candidates.disks[0].read_only = true;
	candidates_classify(&candidates, &config);
	assert_string_equal(candidates.selection.disks[0].reason, "is blank");
}

#define UUID "76543210-89ab-4cde-8f01-23456789abcd"
#define PYGRUB_MARK                                                                                \
	{                                                                                          \
		.state = MARK_INSTALLED, .system = "/nix/store/x", .fs_uuid = UUID                 \
	}

static void an_installed_pair_is_found_by_links_to_its_disks(void **state)
{
	static const struct disk boot = { .name = "vda",
		.path = "/dev/null",
		.labels = { { "vda", "NIXBOOT", UUID, 0 } },
		.label_count = 1,
		.marks = { [LAYOUT_PYGRUB] = PYGRUB_MARK } };
	struct installed_choice choice = { .found = false };
	struct error err = { 0 };

	(void)state;
	config.layout = LAYOUT_PYGRUB;
	use("/dev/../dev/zero", "/dev/../dev/null");
	candidates.disks[0] = candidates.disks[1] = boot;
	candidates.count = 1;
	assert_int_equal(candidates_choose_installed(&candidates, &config, &choice, &err), 0);
	assert_false(choice.found);
	candidates.count = 2;
	strcpy(candidates.disks[1].path, "/dev/zero");
	assert_int_equal(candidates_choose_installed(&candidates, &config, &choice, &err), 0);
	assert_true(choice.found);
	assert_int_equal(candidates.selection.target, 1);
	assert_ptr_equal(candidates_boot(&candidates), &candidates.disks[0]);
	candidates.disks[2] = boot;
	candidates.disks[2].marks[LAYOUT_PYGRUB].state = MARK_NONE;
	strcpy(candidates.disks[2].path, "/dev/full");
	candidates.count = 3;
	assert_true(candidates_choose_installed(&candidates, &config, &choice, &err) < 0);
	assert_int_equal(err.code, EXIT_NOT_BLANK);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_is_not_there_is_no_candidate),
		TEST(one_file_for_both_disks_is_one_candidate),
		TEST(a_refused_configuration_still_judges_its_image_file),
		TEST(disks_are_judged_once),
		TEST(an_installed_pair_is_found_by_links_to_its_disks),
	};

	return cmocka_run_group_tests(tests, make_image, remove_image);
}
