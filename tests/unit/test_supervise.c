/* SPDX-License-Identifier: MIT */
/* Proves that the parent speaks a verdict whatever keeps the install from giving one. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "init/supervise.h"

#define NOBODY	   65534
#define LINE_BYTES 4096

typedef int prepare_fn(struct error *err);
typedef int work_fn(struct shared_state *shared, void *userdata);

/* Root may have as many processes as there is memory for. */
static void allow_no_process(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_NPROC, &none) < 0 || (getuid() == 0 && setuid(NOBODY) < 0))
		_exit(99);
}

/* Runs it in a process of its own; the exit status, and the last line that it told. */
static int verdict(
	prepare_fn *prepare, work_fn *work, void (*before)(void), char ret_line[LINE_BYTES])
{
	char text[LINE_BYTES];
	size_t used = 0;
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct shared_state *shared = shared_state_new();

		dup2(ends[1], STDOUT_FILENO);
		shared->timeout_s = 1;
		if (before)
			before();
		_exit(supervise(prepare, work, NULL, shared));
	}
	close(ends[1]);
	while ((n = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(ends[0]);
	text[used] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(used > 0 && text[used - 1] == '\n');
	text[used - 1] = '\0';
	snprintf(ret_line, LINE_BYTES, "%s", strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text);
	return WEXITSTATUS(status);
}

static int succeed(struct shared_state *shared, void *userdata)
{
	(void)userdata;
	shared->finished = true;
	return 0;
}

static int die(struct shared_state *shared, void *userdata)
{
	(void)userdata;
	shared->stage = STAGE_COPY;
	raise(SIGKILL);
	return 0;
}

static int die_within_a_line(struct shared_state *shared, void *userdata)
{
	(void)!write(STDOUT_FILENO, "INSTALL_PROGRESS copy 4", 23);
	return die(shared, userdata);
}

static int hang(struct shared_state *shared, void *userdata)
{
	(void)shared;
	(void)userdata;
	while (pause() < 0)
		;
	return 0;
}

/* Leaves a process in a session of its own that ends a little later than its parent. */
static int leave_a_guard(struct shared_state *shared, void *userdata)
{
	const struct timespec late = { .tv_nsec = 300 * 1000 * 1000 };
	int ends[2];
	char none;

	if (pipe(ends) < 0 || fork() > 0) {
		close(ends[0]);
		return hang(shared, userdata);
	}
	setsid();
	close(ends[1]);
	(void)!read(ends[0], &none, 1);
	nanosleep(&late, NULL);
	(void)!write(STDOUT_FILENO, "late\n", 5);
	_exit(0);
}

static int prepare_nothing(struct error *err)
{
	(void)err;
	return 0;
}

static int fail_to_prepare(struct error *err)
{
	return error_errno(err, -EPERM, "make a mount namespace");
}

static void success_is_told(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(prepare_nothing, succeed, NULL, line), 0);
	assert_string_equal(line, "INSTALL_SUCCESSFUL");
}

static void what_cannot_be_prepared_is_told(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(fail_to_prepare, succeed, NULL, line), EXIT_INTERNAL);
	assert_string_equal(line, "INSTALL_FAILED code=1 stage=start make a mount namespace: "
				  "Operation not permitted");
}

static void no_room_for_a_process_is_told(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(NULL, succeed, allow_no_process, line), EXIT_INTERNAL);
	assert_string_equal(line, "INSTALL_FAILED code=1 stage=start start a process for the "
				  "install: Resource temporarily unavailable");
}

static void a_death_is_told_with_signal_and_stage(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(NULL, die, NULL, line), EXIT_INTERNAL);
	assert_string_equal(line, "INSTALL_FAILED code=1 stage=copy The installer was killed by "
				  "signal 9 (Killed) in the stage copy.");
}

static void half_a_line_of_the_dead_is_ended_before_the_verdict(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(NULL, die_within_a_line, NULL, line), EXIT_INTERNAL);
	assert_int_equal(strncmp(line, "INSTALL_FAILED code=1 ", 22), 0);
}

static void what_hangs_is_ended_at_its_deadline(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(NULL, hang, NULL, line), EXIT_TIMEOUT);
	assert_string_equal(line, "INSTALL_FAILED code=60 stage=start The install did not end "
				  "within 1 seconds.");
}

static void the_verdict_waits_for_what_ends_late(void **state)
{
	char line[LINE_BYTES];

	(void)state;
	assert_int_equal(verdict(NULL, leave_a_guard, NULL, line), EXIT_TIMEOUT);
	assert_non_null(strstr(line, "INSTALL_FAILED code=60"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_told),
		cmocka_unit_test(what_cannot_be_prepared_is_told),
		cmocka_unit_test(no_room_for_a_process_is_told),
		cmocka_unit_test(a_death_is_told_with_signal_and_stage),
		cmocka_unit_test(half_a_line_of_the_dead_is_ended_before_the_verdict),
		cmocka_unit_test(what_hangs_is_ended_at_its_deadline),
		cmocka_unit_test(the_verdict_waits_for_what_ends_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
