/* SPDX-License-Identifier: MIT */
/* Proves that a program's last line is kept, and that processes which a program leaves running are
 * ended. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"
#include "verdict/console.h"

#define LEFT_S "60" /* how long what is left behind would run */

static int run(const char *script, const char *input, struct error *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	/* The build's sandbox has programs in the folders of PATH only. */
	const struct process child = {
		.argv = argv, .environment = (const char *const *)environ, .input = input
	};

	return process_run(&child, err);
}

static void what_it_said_last_is_the_reason(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(run("echo first; printf 'the \\r\\nlast'; exit 3", NULL, &err), -EIO);
	assert_string_equal(err.text, "sh failed with exit status 3: last");
}

/* As systemd-boot's installer of NixOS ends when bootctl fails. */
static void a_traceback_does_not_hide_the_reason(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(run("echo 'Failed to write system token: No space left on device'\n"
			     "echo 'Traceback (most recent call last):'\n"
			     "echo '  File \"/nix/store/x\", line 1, in <module>'\n"
			     "echo \"subprocess.CalledProcessError: Command '['bootctl']' returned "
			     "non-zero exit status 1.\"\n"
			     "echo 'Failed to install bootloader'; exit 1",
				 NULL, &err),
		-EIO);
	assert_string_equal(err.text,
		"sh failed with exit status 1: Failed to write system token: No space left on device");
	assert_int_equal(run("echo '  only this'; exit 1", NULL, &err), -EIO);
	assert_string_equal(err.text, "sh failed with exit status 1:   only this");
}

/* PATH is stronger than the folders of root, which are searched behind any PATH. */
static void programs_of_the_host_are_found_in_path_first(void **state)
{
	char folder[] = "/tmp/guest-installer-test-XXXXXX", path[64], found[64];
	char *before = getenv("PATH") ? strdup(getenv("PATH")) : NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a-tool", folder);
	assert_return_code(symlink("/bin/sh", path), 0);
	assert_int_equal(setenv("PATH", folder, 1), 0);
	assert_int_equal(process_find_program("a-tool", found, sizeof(found)), 0);
	assert_string_equal(found, path);
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	assert_int_equal(process_find_program("a-tool", found, sizeof(found)), -ENOENT);
	assert_return_code(unlink(path), 0);
	assert_return_code(rmdir(folder), 0);
	if (before)
		setenv("PATH", before, 1);
	else
		unsetenv("PATH");
	free(before);
}

static void it_reads_its_input(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(run("read a; test \"$a\" = text", "text\n", &err), 0);
}

static void much_output_is_read_to_its_end(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(
		run("head -c 300000 /dev/zero | tr '\\0' x; echo; echo end; exit 1", NULL, &err),
		-EIO);
	assert_string_equal(err.text, "sh failed with exit status 1: end");
}

static void what_it_leaves_running_is_ended(void **state)
{
	struct error err;
	int status;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(run("sleep " LEFT_S " & exit 0", NULL, &err), 0);
	assert_true(wait(&status) > 0);
	assert_true(WIFSIGNALED(status));
}

static void what_it_leaves_running_without_output_is_ended(void **state)
{
	struct error err;
	int status;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(
		run("exec >/dev/null 2>&1; sleep " LEFT_S " & sleep 0.1; exit 0", NULL, &err), 0);
	assert_true(wait(&status) > 0);
	assert_true(WIFSIGNALED(status));
}

static void what_flees_is_not_waited_for(void **state)
{
	int64_t start = clock_now_ms();
	struct error err;

	(void)state;
	assert_int_equal(
		run("command -v setsid || exit 1; setsid sleep " LEFT_S " & exit 0", NULL, &err),
		0);
	assert_true(clock_now_ms() - start < 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_said_last_is_the_reason),
		cmocka_unit_test(a_traceback_does_not_hide_the_reason),
		cmocka_unit_test(programs_of_the_host_are_found_in_path_first),
		cmocka_unit_test(it_reads_its_input),
		cmocka_unit_test(much_output_is_read_to_its_end),
		cmocka_unit_test(what_it_leaves_running_is_ended),
		cmocka_unit_test(what_it_leaves_running_without_output_is_ended),
		cmocka_unit_test(what_flees_is_not_waited_for),
	};

	console_silence();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
