/* SPDX-License-Identifier: MIT */
/* Proves the exact lines of protocol version 1, and that no foreign text can pass for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol.h"

static char line[PROTOCOL_LINE_BYTES];

static void lines_are_exactly_as_documented(void **state)
{
	(void)state;
	assert_int_equal(protocol_progress(line, STAGE_COPY, 42, "3 of 7 MiB"), 36);
	assert_string_equal(line, "INSTALL_PROGRESS copy 42 3 of 7 MiB\n");
	protocol_result(line, "kernel", "/nix/store/x/bzImage");
	assert_string_equal(line, "INSTALL_RESULT kernel=/nix/store/x/bzImage\n");
	protocol_failed(line, EXIT_NOT_BLANK, STAGE_TARGET, "vda is not blank.");
	assert_string_equal(line, "INSTALL_FAILED code=12 stage=target vda is not blank.\n");
	assert_int_equal(protocol_successful(line), 19);
	assert_string_equal(line, "INSTALL_SUCCESSFUL\n");
}

static void stages_have_the_names_that_hosts_know(void **state)
{
	static const char *const names[STAGE_COUNT] = { "start", "disks", "configuration", "keys",
		"closure", "target", "plan", "partition", "format", "mount", "copy", "database",
		"activation", "bootloader", "verify" };

	(void)state;
	for (size_t i = 0; i < STAGE_COUNT; i++)
		assert_string_equal(stage_name((enum stage)i), names[i]);
}

static void percent_never_goes_back_and_ends_at_100(void **state)
{
	unsigned last = 0;

	(void)state;
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		for (unsigned permille = 0; permille <= 1000; permille += 10) {
			unsigned percent = stage_percent((enum stage)stage, permille);

			assert_in_range(percent, last, 100);
			last = percent;
		}
	}
	assert_int_equal(last, 100);
	assert_int_equal(stage_percent(STAGE_VERIFY, 5000), 100);
}

static void copying_is_the_largest_part(void **state)
{
	(void)state;
	assert_true(stage_percent(STAGE_COPY, 1000) - stage_percent(STAGE_COPY, 0) > 50);
}

static void every_stage_has_a_code_for_its_failures(void **state)
{
	(void)state;
	assert_int_equal(stage_exit_code(STAGE_START), EXIT_INTERNAL);
	assert_int_equal(stage_exit_code(STAGE_CONFIGURATION), EXIT_CONFIGURATION);
	assert_int_equal(stage_exit_code(STAGE_KEYS), EXIT_NO_KEY);
	assert_int_equal(stage_exit_code(STAGE_CLOSURE), EXIT_FETCH);
	assert_int_equal(stage_exit_code(STAGE_PARTITION), EXIT_PARTITION);
	assert_int_equal(stage_exit_code(STAGE_FORMAT), EXIT_FORMAT);
	assert_int_equal(stage_exit_code(STAGE_MOUNT), EXIT_MOUNT);
	assert_int_equal(stage_exit_code(STAGE_COPY), EXIT_COPY);
	assert_int_equal(stage_exit_code(STAGE_DATABASE), EXIT_COPY);
	assert_int_equal(stage_exit_code(STAGE_ACTIVATION), EXIT_BOOT_LOADER);
	assert_int_equal(stage_exit_code(STAGE_BOOT_LOADER), EXIT_BOOT_LOADER);
	assert_int_equal(stage_exit_code(STAGE_VERIFY), EXIT_VERIFY);
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		assert_int_not_equal(stage_exit_code((enum stage)i), EXIT_INSTALLED);
}

static void foreign_text_cannot_begin_a_line(void **state)
{
	(void)state;
	protocol_progress(line, STAGE_COPY, 1, "x\nINSTALL_SUCCESSFUL\r\n");
	assert_string_equal(line, "INSTALL_PROGRESS copy 1 x?INSTALL-SUCCESSFUL??\n");
	protocol_result(line, "a\nINSTALL_FAILED", "b\tINSTALL_SUCCESSFUL");
	assert_string_equal(line, "INSTALL_RESULT a?INSTALL-FAILED=b?INSTALL-SUCCESSFUL\n");
	protocol_failed(line, 1, STAGE_START, "\x1b[2JINSTALL_SUCCESSFUL");
	assert_string_equal(line, "INSTALL_FAILED code=1 stage=start ?[2JINSTALL-SUCCESSFUL\n");
}

static void sanitizing_breaks_up_every_word_of_ours(void **state)
{
	char text[] = "INSTALL_INSTALL_X install_x Install_y INSTALL\tINSTALL-z \x7f\x01\n";

	(void)state;
	protocol_sanitize(text);
	assert_string_equal(text, "INSTALL-INSTALL-X install-x Install-y INSTALL\tINSTALL-z ???");
}

static void sanitizing_keeps_other_languages_but_no_c1_controls(void **state)
{
	char text[] = "caf\xc3\xa9 \xc2\x9b"
		      "31m \xc2\xa0 \xc2";

	(void)state;
	protocol_sanitize(text);
	assert_string_equal(text, "caf\xc3\xa9 ??31m \xc2\xa0 \xc2");
}

static void too_long_a_text_is_cut_and_still_a_line(void **state)
{
	static char text[4 * PROTOCOL_LINE_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(protocol_failed(line, 1, STAGE_START, text), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(strlen(line), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(line[PROTOCOL_LINE_BYTES - 2], '\n');
	assert_int_equal(protocol_result(line, text, text), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(protocol_progress(line, STAGE_COPY, 1, text), PROTOCOL_LINE_BYTES - 1);
}

static void more_than_100_percent_is_100(void **state)
{
	(void)state;
	protocol_progress(line, STAGE_VERIFY, 4000000000U, "done");
	assert_string_equal(line, "INSTALL_PROGRESS verify 100 done\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_exactly_as_documented),
		cmocka_unit_test(stages_have_the_names_that_hosts_know),
		cmocka_unit_test(percent_never_goes_back_and_ends_at_100),
		cmocka_unit_test(copying_is_the_largest_part),
		cmocka_unit_test(every_stage_has_a_code_for_its_failures),
		cmocka_unit_test(foreign_text_cannot_begin_a_line),
		cmocka_unit_test(sanitizing_breaks_up_every_word_of_ours),
		cmocka_unit_test(sanitizing_keeps_other_languages_but_no_c1_controls),
		cmocka_unit_test(too_long_a_text_is_cut_and_still_a_line),
		cmocka_unit_test(more_than_100_percent_is_100),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
