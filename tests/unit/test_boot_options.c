/* SPDX-License-Identifier: MIT */
/* Proves which init= and root= of a kernel command line count, and what boot_options_check
 * refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verify/boot_options.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-system"

static const struct plan plan = {
	.partitions = { { .fs_label = "nixos", .fs_uuid = "12-34", .mount_path = "/" } },
	.partition_count = 1,
	.system = SYSTEM,
};

static void the_last_assignment_before_two_dashes_counts(void **state)
{
	static const struct {
		const char *command_line, *value;
	} cases[] = {
		{ "init=/a", "/a" },
		{ "quiet init=/a init=/b loglevel=4", "/b" },
		{ "init=/a -- init=/b", "/a" },
		{ "xinit=/a init=/b rdinit=/c", "/b" },
		{ "x=\"a init=/no\" init=/b", "/b" },
		{ "init=\"/a b\"", "/a b" },
		{ "\"init=/a b\"", "/a b" },
		{ "\tinit=/a\n", "/a" },
		{ "init=", "" },
		{ "init=\"", "" },
		{ "init=\"/a", "/a" },
		{ "\"init=/a", "/a" },
		{ "init=/a \"", "/a" },
		{ "init-x=/no init=/a", "/a" },
		{ "init=/a -x init=/b", "/b" },
		{ "", NULL },
		{ "init", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char value[64] = "untouched";

		assert_int_equal(
			boot_options_last(cases[i].command_line, "init", value, sizeof(value)),
			cases[i].value != NULL);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
	}
}

/* Eight times that is more than is kept of a value. */
#define LONG "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-."

static void refuses(const char *command_line, const char *sentence)
{
	struct error err = { 0 };

	assert_true(boot_options_check("The entry", command_line, &plan, &err) < 0);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
}

static void the_system_and_its_root_are_started(void **state)
{
	static const char *const good[] = {
		"init=" SYSTEM "/init quiet",
		"init=/bin/sh init=" SYSTEM "/init",
		"root=LABEL=other root=LABEL=nixos init=" SYSTEM "/init",
		"root=/dev/vda1 init=" SYSTEM "/init",
		"root=fstab init=" SYSTEM "/init",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (boot_options_check("The entry", good[i], &plan, &err) < 0)
			fail_msg("%s", err.text);
	refuses("quiet", "The entry does not start the system: init=" SYSTEM "/init is not in");
	refuses("init=" SYSTEM "/init init=/bin/false",
		"the last init= of its command line is /bin/false");
	refuses("init=" SYSTEM "/init2", "/init2 instead of");
	refuses("init=" SYSTEM "/init root=LABEL=" LONG LONG LONG LONG LONG LONG LONG LONG,
		"root=LABEL=" LONG);
	refuses("init=" SYSTEM "/init root=LABEL=other",
		"root=LABEL=other, which is not on this disk");
	refuses("init=" SYSTEM "/init root=UUID=56", "has the label nixos and the UUID 12-34");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_assignment_before_two_dashes_counts),
		cmocka_unit_test(the_system_and_its_root_are_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
