/* SPDX-License-Identifier: MIT */
/* Proves what the console shows of an install's stages, and what is kept for the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "verdict/progress.h"

#define TEXT_BYTES 4096

static struct shared_state *shared; /* what both processes see */

/* Runs body in a process whose standard output comes back as text. */
static const char *console_of(void (*body)(void))
{
	static char text[TEXT_BYTES];
	size_t used = 0;
	int ends[2];
	ssize_t n;

	shared = shared_state_new();
	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		dup2(ends[1], STDOUT_FILENO);
		body();
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(ends[0]);
	wait(NULL);
	text[used] = '\0';
	return text;
}

static void mount_after_copy(void)
{
	progress_begin(shared, STAGE_COPY, "copying");
	progress_bytes(3 << 20, 4 << 20, shared);
	progress_begin(shared, STAGE_MOUNT, "mounting");
	progress_end(shared);
}

static void the_percentage_never_decreases(void **state)
{
	(void)state;
	assert_string_equal(console_of(mount_after_copy), "INSTALL_PROGRESS copy 10 copying\n"
							  "INSTALL_PROGRESS copy 55 3 of 4 MiB\n"
							  "INSTALL_PROGRESS mount 55 mounting\n"
							  "INSTALL_PROGRESS mount 55 done\n");
	assert_int_equal(shared->stage, STAGE_MOUNT);
}

static void report_too_many(void)
{
	for (int i = 0; i < RESULTS_MAX + 1; i++)
		progress_result(shared, "key", "%d", i);
}

static void results_are_printed_and_kept_as_far_as_there_is_room(void **state)
{
	const char *text;

	(void)state;
	text = console_of(report_too_many);
	assert_memory_equal(text, "INSTALL_RESULT key=0\nINSTALL_RESULT key=1\n", 42);
	assert_non_null(strstr(text, "INSTALL_RESULT key=64\n"));
	assert_int_equal(shared->result_count, RESULTS_MAX);
	assert_string_equal(shared->results[63].value, "63");
}

static void take_time_in_one_stage(void)
{
	progress_begin(shared, STAGE_VERIFY, "reading");
	usleep(10000);
	progress_end(shared);
	progress_report_seconds(shared);
}

static void only_stages_that_took_time_have_seconds(void **state)
{
	(void)state;
	console_of(take_time_in_one_stage);
	assert_int_equal(shared->result_count, 1);
	assert_string_equal(shared->results[0].key, "seconds");
	assert_memory_equal(shared->results[0].value, "verify 0.0", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_percentage_never_decreases),
		cmocka_unit_test(results_are_printed_and_kept_as_far_as_there_is_room),
		cmocka_unit_test(only_stages_that_took_time_have_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
