/* SPDX-License-Identifier: MIT */
/* Proves which options of the unit's command line are kept to ask the guest's SSH server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "guest/sshd_run.h"

#define SYSTEM "/nix/store/00000000000000000000000000000000-x"
#define WANTS  SYSTEM "/etc/systemd/system/multi-user.target.wants"

static char root[] = "/tmp/test-sshd-run.XXXXXX";

static int set_up(void **state)
{
	char command[256];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(command, sizeof(command),
		"mkdir -p %s" WANTS " %s/etc/ssh; : >%s/etc/ssh/sshd_config", root, root, root);
	return system(command);
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* The program and the kept options, each followed by a blank; "" if none is found. */
static void arguments_are(const char *unit, const char *expected)
{
	struct sshd_program program = { .count = 0 };
	char path[FILE_PATH_BYTES], all[1024] = "";
	struct error err;

	file_below(path, root, WANTS "/sshd.service");
	assert_int_equal(file_write(path, unit, strlen(unit), 0644, getuid(), getgid(), &err), 0);
	if (sshd_run_find(root, SYSTEM, &program, &err) == 0)
		for (size_t i = 0; i < program.count; i++)
			text_append(all, sizeof(all), "%s ", program.arguments[i]);
	assert_string_equal(all, expected);
	sshd_run_free(&program);
}

static void options_that_shape_the_settings_are_kept(void **state)
{
	(void)state;
	arguments_are("ExecStart=/bin/sshd -D -f /etc/ssh/sshd_config -o Port=22 -E log -p22 -4\n",
		"/bin/sshd -f /etc/ssh/sshd_config -o Port=22 -p22 -4 ");
	arguments_are("ExecStart=@-/bin/sshd $OPTIONS -D\n", "/bin/sshd ");
}

static void the_last_command_counts(void **state)
{
	(void)state;
	arguments_are("ExecStart=/bin/a\nExecStart=/bin/b\n", "/bin/b ");
	arguments_are("ExecStart=\n", "");
	arguments_are("ExecStart=sshd\n", "");
}

static void options_that_are_cut_off_end_with_the_line(void **state)
{
	(void)state;
	arguments_are("ExecStart=/bin/sshd -", "/bin/sshd ");
	arguments_are("ExecStart=/bin/sshd - -4", "/bin/sshd -4 ");
	arguments_are("ExecStart=/bin/sshd -f", "/bin/sshd -f ");
	arguments_are("ExecStart=/bin/sshd -E", "/bin/sshd ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_that_shape_the_settings_are_kept),
		cmocka_unit_test(the_last_command_counts),
		cmocka_unit_test(options_that_are_cut_off_end_with_the_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
