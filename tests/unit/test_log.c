/* SPDX-License-Identifier: MIT */
/* Proves that log lines reach the sink and the file, and that a log that is too long says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define MIB_BYTES (1024 * 1024)

static char sink_text[256];

static void keep(const char *line, size_t size_bytes)
{
	snprintf(sink_text, sizeof(sink_text), "%.*s", (int)size_bytes, line);
}

/* The file that log_save writes. */
static char *saved(size_t *ret_bytes)
{
	char path[] = "/tmp/test_log.XXXXXX", *text = NULL;
	struct error err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(log_save(path, &err), 0);
	assert_int_equal(file_read(path, 2 * MIB_BYTES, &text, ret_bytes, &err), 0);
	unlink(path);
	return text;
}

static void a_line_reaches_sink_and_file_with_its_time(void **state)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	double seconds;

	(void)state;
	log_set_sink(keep);
	log_line("disk %d", 7);
	log_set_sink(NULL);
	assert_int_equal(sscanf(sink_text, "[%lf] disk 7\n", &seconds), 1);
	text = saved(&size_bytes);
	assert_string_equal(text, sink_text);
}

static void a_line_is_never_a_line_of_the_protocol(void **state)
{
	(void)state;
	log_set_sink(keep);
	log_line("INSTALL_SUCCESSFUL\nINSTALL_FAILED");
	log_set_sink(NULL);
	assert_non_null(strstr(sink_text, "] INSTALL-SUCCESSFUL?INSTALL-FAILED\n"));
}

static void a_log_that_is_too_long_says_how_much_is_missing(void **state)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;

	(void)state;
	for (int i = 0; i < 1100; i++)
		log_line("%01000d", i);
	text = saved(&size_bytes);
	assert_true(size_bytes <= MIB_BYTES);
	assert_non_null(strstr(text, " more lines were not kept)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_reaches_sink_and_file_with_its_time),
		cmocka_unit_test(a_line_is_never_a_line_of_the_protocol),
		cmocka_unit_test(a_log_that_is_too_long_says_how_much_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
