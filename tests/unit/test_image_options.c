/* SPDX-License-Identifier: MIT */
/* Proves which options of the command image are accepted, and what is said to the others. */
/* Modules: config/image_options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/options.h"

/* Up to five words behind the program's name; NULL ends them. */
struct row {
	const char *words[6];
	const char *says;
};

static int parse(const struct row *row, struct options *ret, struct error *err)
{
	char *argv[8] = { (char *)(uintptr_t) "guest-installer" };
	int argc = 1;

	optind = 0;
	for (; row->words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)row->words[argc - 1];
	return options_parse(argc, argv, ret, err);
}

static void what_is_said_counts(void **state)
{
	static const struct row row = { { "image", "--size=8G", "--seed",
						"6ba7b810-9dad-11d1-80b4-00c04fd430c8",
						"web.qcow2" },
		NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&row, &options, &err), 0);
	assert_int_equal(options.command, COMMAND_IMAGE);
	assert_true(options.image.size_bytes == 8ULL << 30);
	assert_int_equal(options.image.format, IMAGE_QCOW2);
	assert_string_equal(options.operand, "web.qcow2");
	assert_string_equal(
		options_find_set(&options, "seed"), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

static void the_format_follows_the_name_or_the_option(void **state)
{
	static const struct {
		struct row row;
		enum image_format format;
	} rows[] = {
		{ { { "image", "--shrink", "web.img" }, NULL }, IMAGE_RAW },
		{ { { "image", "--shrink", "-" }, NULL }, IMAGE_RAW },
		{ { { "image", "--shrink", ".qcow2" }, NULL }, IMAGE_RAW },
		{ { { "image", "--shrink", "a.qcow2" }, NULL }, IMAGE_QCOW2 },
		{ { { "image", "--shrink", "--format=raw", "a.qcow2" }, NULL }, IMAGE_RAW },
		{ { { "image", "--shrink", "--format=raw", "a.vmdk" }, NULL }, IMAGE_RAW },
		{ { { "image", "--shrink", "--format=qcow2", "-" }, NULL }, IMAGE_QCOW2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options options;
		struct error err;

		assert_int_equal(parse(&rows[i].row, &options, &err), 0);
		assert_int_equal(options.image.format, rows[i].format);
	}
}

/* The short forms of disk= take what disk= takes; check needs a manifest or settings. */
static void words_that_are_no_paths_stand_for_themselves(void **state)
{
	static const struct row rows[] = {
		{ { "plan", "--disk=size:>4G" }, "disk=size:>4G" },
		{ { "plan", "--disk=smallest" }, "disk=smallest" },
		{ { "plan", "--disk=serial:a" }, "disk=serial:a" },
		{ { "plan", "--boot-disk=auto" }, "boot-disk=auto" },
		{ { "check", "--set=disk=auto" }, "disk=auto" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options options;
		struct error err = { 0 };

		if (parse(&rows[i], &options, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(options.set[0], rows[i].says);
	}
}

static void misuse_is_refused_with_the_fix(void **state)
{
	static const struct row rows[] = {
		{ { "image" }, "Say which file, block device or - image shall write" },
		{ { "image", "a", "b" }, "and no more" },
		{ { "image", "--size=8", "a" }, "--size 8: say whole MiB" },
		{ { "image", "--size=1K", "a" }, "--size 1K: say whole MiB" },
		{ { "image", "--size=99T", "a" }, "--size 99T: say whole MiB" },
		{ { "image", "--size=8G", "--shrink", "a" }, "not both" },
		{ { "image", "--format=vmdk", "a" }, "There is no format vmdk" },
		{ { "image", "--size=8G", "a.VMDK" }, "a.VMDK has the name of a format" },
		{ { "image", "--boot-output=a", "a" }, "are different files" },
		{ { "image", "--boot-output=-", "a" }, "not standard output" },
		{ { "image", "--from=b", "--shrink", "a" }, "leave --shrink out" },
		{ { "install", "--from=b" }, "belong to the command image" },
		{ { "install", "--size=8G" }, "belong to the command image" },
		{ { "plan", "--shrink" }, "belong to the command image" },
		{ { "install", "a.img" },
			"The command install takes options only, and not \"a.img\": name the disk by --disk" },
		{ { "plan", "--disk=nowhere" },
			"--disk nowhere: No such file or directory: name a disk or an image file that exists, such as /dev/vda" },
		{ { "plan", "--manifest=nowhere" },
			"--manifest nowhere: No such file or directory: name a file or folder that exists" },
		{ { "plan", "--disk=size:4G" }, "--disk size:4G: No such file" },
		{ { "check" }, "Say which manifest check shall read" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct options options;

		assert_true(parse(&rows[i], &options, &err) < 0);
		assert_int_equal(err.code, EXIT_CONFIGURATION);
		if (!strstr(err.text, rows[i].says))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].says, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_counts),
		cmocka_unit_test(the_format_follows_the_name_or_the_option),
		cmocka_unit_test(words_that_are_no_paths_stand_for_themselves),
		cmocka_unit_test(misuse_is_refused_with_the_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
