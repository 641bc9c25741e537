/* SPDX-License-Identifier: MIT */
/* Proves that a reader who stands still costs one deadline and gets whole lines afterwards. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "verdict/line_writer.h"

#define LINE "a line\n"

static int ends[2];
static struct line_writer writer;

static int make_pipe(void **state)
{
	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	writer = (struct line_writer){ .fd = ends[1] };
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void fill_pipe(void)
{
	char block[4096];

	memset(block, 'x', sizeof(block));
	while (write(ends[1], block, sizeof(block)) > 0)
		;
	while (write(ends[1], block, 1) > 0)
		;
}

/* Reads all there is; returns how much, the last so many bytes of it in ret_tail. */
static size_t drain(char *ret_tail, size_t tail_bytes)
{
	static char all[1 << 20];
	size_t used = 0;
	ssize_t n;

	while ((n = read(ends[0], all + used, sizeof(all) - used)) > 0)
		used += (size_t)n;
	assert_true(used >= tail_bytes);
	memcpy(ret_tail, all + used - tail_bytes, tail_bytes);
	return used;
}

static int64_t took_ms(const char *line, bool must_deliver, bool expected)
{
	int64_t start = clock_now_ms();

	assert_int_equal(line_writer_write(&writer, line, strlen(line), must_deliver), expected);
	return clock_now_ms() - start;
}

static void a_line_arrives_whole(void **state)
{
	char got[sizeof(LINE) - 1];

	(void)state;
	took_ms(LINE, false, true);
	assert_int_equal(drain(got, sizeof(got)), sizeof(got));
	assert_memory_equal(got, LINE, sizeof(got));
}

static void a_full_pipe_costs_one_deadline_and_only_a_verdict_another(void **state)
{
	(void)state;
	fill_pipe();
	assert_in_range(took_ms(LINE, false, false), 1500, 20000);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(line_writer_write(&writer, LINE, sizeof(LINE) - 1, false));
	assert_in_range(took_ms(LINE, false, false), 0, 1000);
	assert_in_range(took_ms("the verdict\n", true, false), 4500, 20000);
}

static void a_reader_who_comes_back_gets_lines_again(void **state)
{
	char got[sizeof(LINE) - 1];

	(void)state;
	fill_pipe();
	took_ms(LINE, false, false);
	drain(got, sizeof(got));
	took_ms(LINE, false, true);
	drain(got, sizeof(got));
	assert_memory_equal(got, LINE, sizeof(got));
	assert_false(writer.unresponsive);
}

/* The pipe takes a page of the long line; the next line must not stand behind that. */
static void a_line_that_was_cut_is_ended_before_the_next(void **state)
{
	static char longer[1 << 18];
	char got[sizeof(LINE)];

	(void)state;
	memset(longer, 'y', sizeof(longer) - 1);
	took_ms(longer, false, false);
	assert_true(writer.truncated);
	assert_true(drain(got, 1) < sizeof(longer) - 1);
	took_ms(LINE, true, true);
	assert_int_equal(drain(got, sizeof(got)), sizeof(got));
	assert_memory_equal(got, "\n" LINE, sizeof(got));
	assert_false(writer.truncated);
}

static void a_reader_who_is_gone_costs_nothing(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	ends[0] = -1;
	assert_in_range(took_ms("the verdict\n", true, false), 0, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_arrives_whole, make_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_full_pipe_costs_one_deadline_and_only_a_verdict_another, make_pipe,
			close_pipe),
		cmocka_unit_test_setup_teardown(
			a_reader_who_comes_back_gets_lines_again, make_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_line_that_was_cut_is_ended_before_the_next, make_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_reader_who_is_gone_costs_nothing, make_pipe, close_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
