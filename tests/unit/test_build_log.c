/* SPDX-License-Identifier: MIT */
/* Proves that Nix's output becomes progress, and that of a failure its cause is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nixos_install/build_log.h"

#define HASH "0123456789abcdfghijklmnpqrsvwxyz"

static struct build_log log_;

static int begin(void **state)
{
	(void)state;
	log_ = (struct build_log){ 0 };
	return 0;
}

static void take(const char *text)
{
	char line[512];

	while (*text) {
		size_t length = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		build_log_take(&log_, line);
		text += length + (text[length] == '\n');
	}
}

static void expect_reason(const char *expected)
{
	char reason[BUILD_LOG_TEXT_BYTES];

	build_log_reason(&log_, reason);
	assert_string_equal(reason, expected);
}

static void announced_paths_are_counted_as_they_begin(void **state)
{
	(void)state;
	assert_int_equal(build_log_permille(&log_), 0);
	take("these 2 derivations will be built:\n"
	     "  /nix/store/" HASH "-a.drv\n"
	     "  /nix/store/" HASH "-b.drv\n"
	     "these 2 paths will be fetched (0.03 MiB download, 0.15 MiB unpacked):\n"
	     "  /nix/store/" HASH "-c\n"
	     "  /nix/store/" HASH "-d\n");
	assert_int_equal(log_.announced, 4);
	take("copying path '/nix/store/" HASH "-c' from 'http://host'...\n"
	     "building '/nix/store/" HASH "-a.drv'...\n"
	     "a line of the builder's\n");
	assert_int_equal(build_log_permille(&log_), 500);
	take("building '/nix/store/" HASH "-b.drv'...\n"
	     "copying path '/nix/store/" HASH "-d' to 'local'...\n"
	     "copying path '/nix/store/" HASH "-e' to 'local'...\n");
	assert_int_equal(build_log_permille(&log_), 1000);
}

static void a_mere_count_announces_too(void **state)
{
	(void)state;
	take("copying 4 paths...\n"
	     "copying path '/nix/store/" HASH "-c' to 'local'...\n");
	assert_int_equal(build_log_permille(&log_), 250);
}

static void the_first_error_is_the_reason(void **state)
{
	(void)state;
	take("error: undefined variable 'foo'\n"
	     "       at /etc/nixos/guest.nix:3:5:\n"
	     "\n"
	     "            2|\n"
	     "            3|   foo\n"
	     "error: second\n");
	expect_reason("undefined variable 'foo' at /etc/nixos/guest.nix:3:5: 2|");
}

static void a_trace_comes_before_its_error(void **state)
{
	(void)state;
	take("error:\n"
	     "       … while evaluating the attribute 'system'\n"
	     "         at /a.nix:1:1:\n"
	     "       error: attribute 'x' missing\n"
	     "       at /b.nix:2:2:\n");
	expect_reason("attribute 'x' missing at /b.nix:2:2:");
}

static void what_a_builder_says_before_the_next_one_is_no_reason(void **state)
{
	(void)state;
	take("checking for strange things: error: none\n"
	     "error: a test of configure that is meant to fail\n"
	     "building '/nix/store/" HASH "-b.drv'...\n"
	     "error: builder for '/nix/store/" HASH "-b.drv' failed with exit code 1;\n"
	     "       last 1 log lines:\n"
	     "       > no\n"
	     "error: 1 dependencies of derivation '/nix/store/" HASH "-c.drv' failed to build\n");
	expect_reason("builder for '/nix/store/" HASH
		      "-b.drv' failed with exit code 1; last 1 log lines: > no");
}

/* As Nix 2.31 writes it. */
static void the_error_of_a_build_has_its_log(void **state)
{
	(void)state;
	take("building '/nix/store/" HASH "-b.drv'...\n"
	     "error: Cannot build '/nix/store/" HASH "-b.drv'.\n"
	     "       Reason: builder failed with exit code 3.\n"
	     "       Output paths:\n"
	     "         /nix/store/" HASH "-b\n"
	     "       Last 2 log lines:\n"
	     "       > one\n"
	     "       > two\n"
	     "       For full logs, run:\n");
	expect_reason("Cannot build '/nix/store/" HASH
		      "-b.drv'. Reason: builder failed with exit code 3. Last 2 log lines: > one");
}

/* As nixos-install goes on after `nix flake metadata` has failed. */
static void what_is_not_indented_is_no_part_of_the_error(void **state)
{
	(void)state;
	take("error: could not find a flake.nix file\n"
	     "configuration file  doesn't exist\n"
	     "       at /somewhere:1:1:\n");
	expect_reason("could not find a flake.nix file");
}

static void without_an_error_the_last_lines_are_the_reason(void **state)
{
	(void)state;
	expect_reason("");
	take("one\ntwo\n\nthree\n   \nfour\n");
	expect_reason("two | three | four");
}

static void endless_lines_are_cut(void **state)
{
	char line[4096];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "error: ", 7);
	for (int i = 0; i < 5; i++)
		build_log_take(&log_, line);
	assert_int_equal(strlen(log_.reason), BUILD_LOG_TEXT_BYTES - 1);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(announced_paths_are_counted_as_they_begin),
		TEST(a_mere_count_announces_too),
		TEST(the_first_error_is_the_reason),
		TEST(a_trace_comes_before_its_error),
		TEST(what_a_builder_says_before_the_next_one_is_no_reason),
		TEST(the_error_of_a_build_has_its_log),
		TEST(what_is_not_indented_is_no_part_of_the_error),
		TEST(without_an_error_the_last_lines_are_the_reason),
		TEST(endless_lines_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
