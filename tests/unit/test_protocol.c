/* SPDX-License-Identifier: MIT */
/* Proves the exact lines of protocol version 1, and that no foreign text is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "verdict/protocol.h"

static char line[PROTOCOL_LINE_BYTES];

static size_t progress(enum stage stage, unsigned percent, const char *text)
{
	return protocol_line(line,
		&(struct event){
			.type = EVENT_PROGRESS, .stage = stage, .percent = percent, .text = text });
}

static struct result make_result(const char *key, const char *value)
{
	struct result result;

	snprintf(result.key, sizeof(result.key), "%s", key);
	snprintf(result.value, sizeof(result.value), "%s", value);
	return result;
}

static size_t tell_result(const char *key, const char *value)
{
	const struct result result = make_result(key, value);

	return protocol_line(line, &(struct event){ .type = EVENT_RESULT, .result = &result });
}

static size_t failed(int code, enum stage stage, const char *text)
{
	return protocol_line(
		line, &(struct event){
			      .type = EVENT_FAILED, .code = code, .stage = stage, .text = text });
}

/* The event's JSON is exactly this line. */
static void expect_json(const struct event *event, const char *expected)
{
	char *text = protocol_json(event);

	assert_string_equal(text, expected);
	free(text);
}

static void lines_are_exactly_as_documented(void **state)
{
	(void)state;
	assert_int_equal(progress(STAGE_COPY, 42, "3 of 7 MiB"), 36);
	assert_string_equal(line, "INSTALL_PROGRESS copy 42 3 of 7 MiB\n");
	tell_result("kernel", "/nix/store/x/bzImage");
	assert_string_equal(line, "INSTALL_RESULT kernel=/nix/store/x/bzImage\n");
	failed(EXIT_NOT_BLANK, STAGE_TARGET, "vda is not blank.");
	assert_string_equal(line, "INSTALL_FAILED code=12 stage=target vda is not blank.\n");
	assert_int_equal(protocol_line(line, &(struct event){ .type = EVENT_SUCCESSFUL }), 19);
	assert_string_equal(line, "INSTALL_SUCCESSFUL\n");
}

static void stages_have_the_names_that_hosts_know(void **state)
{
	static const char *const names[STAGE_COUNT] = { "start", "disks", "configuration",
		"network", "keys", "closure", "target", "plan", "partition", "format", "mount",
		"copy", "database", "activation", "bootloader", "verify" };

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
	progress(STAGE_COPY, 1, "x\nINSTALL_SUCCESSFUL\r\n");
	assert_string_equal(line, "INSTALL_PROGRESS copy 1 x?INSTALL-SUCCESSFUL??\n");
	tell_result("a\nINSTALL_FAILED", "b\tINSTALL_SUCCESSFUL");
	assert_string_equal(line, "INSTALL_RESULT a?INSTALL-FAILED=b?INSTALL-SUCCESSFUL\n");
	failed(1, STAGE_START, "\x1b[2JINSTALL_SUCCESSFUL");
	assert_string_equal(line, "INSTALL_FAILED code=1 stage=start ?[2JINSTALL-SUCCESSFUL\n");
}

static void sanitizing_breaks_up_every_word_of_ours(void **state)
{
	char text[] = "INSTALL_INSTALL_X install_x Install_y INSTALL\tINSTALL-z \x7f\x01\n";

	(void)state;
	text_sanitize(text);
	assert_string_equal(text, "INSTALL-INSTALL-X install-x Install-y INSTALL\tINSTALL-z ???");
}

static void sanitizing_keeps_other_languages_but_no_c1_controls(void **state)
{
	char text[] = "caf\xc3\xa9 \xc2\x9b"
		      "31m \xc2\xa0 \xc2";

	(void)state;
	text_sanitize(text);
	assert_string_equal(text, "caf\xc3\xa9 ??31m \xc2\xa0 \xc2");
}

static void too_long_a_text_is_cut_and_still_a_line(void **state)
{
	static char text[4 * PROTOCOL_LINE_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(failed(1, STAGE_START, text), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(strlen(line), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(line[PROTOCOL_LINE_BYTES - 2], '\n');
	assert_int_equal(tell_result("key", text), PROTOCOL_LINE_BYTES - 1);
	assert_int_equal(progress(STAGE_COPY, 1, text), PROTOCOL_LINE_BYTES - 1);
}

/* A host that starts the guest's kernel takes it from there (COMMAND_LINE_SIZE, with its NUL). */
static void the_longest_command_line_is_told_whole(void **state)
{
	static const char head[] = "INSTALL_RESULT cmdline=";
	char text[2048];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(tell_result("cmdline", text), strlen(head) + strlen(text) + 1);
	assert_memory_equal(line + strlen(head), text, strlen(text));
}

static void objects_are_exactly_as_documented(void **state)
{
	const struct result result = make_result("kernel", "/nix/store/x/\"bzImage\\");

	(void)state;
	assert_int_equal(protocol_line(line, &(struct event){ .type = EVENT_HELLO }), 0);
	assert_int_equal(protocol_line(line, &(struct event){ .type = EVENT_STARTED }), 0);
	expect_json(&(struct event){ .type = EVENT_STARTED },
		"{\"event\":\"started\",\"protocol\":1,\"version\":\"" VERSION "\"}\n");
	expect_json(&(struct event){ .type = EVENT_HELLO },
		"{\"event\":\"hello\",\"protocol\":1,\"version\":\"" VERSION "\"}\n");
	expect_json(&(struct event){ .type = EVENT_PROGRESS,
			    .stage = STAGE_KEYS,
			    .percent = 3,
			    .text = "reading" },
		"{\"event\":\"progress\",\"stage\":\"keys\",\"percent\":3,\"text\":\"reading\"}\n");
	expect_json(&(struct event){ .type = EVENT_PROGRESS,
			    .stage = STAGE_COPY,
			    .percent = 42,
			    .text = "0 of 5 GiB",
			    .bytes = 0,
			    .total_bytes = 5368709120 },
		"{\"event\":\"progress\",\"stage\":\"copy\",\"percent\":42,\"text\":\"0 of 5 GiB\","
		"\"bytes\":0,\"total_bytes\":5368709120}\n");
	expect_json(&(struct event){ .type = EVENT_RESULT, .result = &result },
		"{\"event\":\"result\",\"key\":\"kernel\","
		"\"value\":\"/nix/store/x/\\\"bzImage\\\\\"}\n");
	expect_json(&(struct event){ .type = EVENT_FAILED,
			    .code = 12,
			    .stage = STAGE_TARGET,
			    .text = "vda is not blank." },
		"{\"event\":\"failed\",\"code\":12,\"stage\":\"target\","
		"\"text\":\"vda is not blank.\"}\n");
	expect_json(&(struct event){ .type = EVENT_SUCCESSFUL }, "{\"event\":\"successful\"}\n");
}

static void foreign_text_cannot_leave_its_object(void **state)
{
	(void)state;
	expect_json(&(struct event){ .type = EVENT_FAILED,
			    .code = 1,
			    .stage = STAGE_START,
			    .text = "\"}\n{\"event\":\"successful\"}\nINSTALL_SUCCESSFUL" },
		"{\"event\":\"failed\",\"code\":1,\"stage\":\"start\",\"text\":"
		"\"\\\"}?{\\\"event\\\":\\\"successful\\\"}?INSTALL-SUCCESSFUL\"}\n");
}

static void the_report_has_the_verdict_and_every_result(void **state)
{
	const struct result results[] = { make_result("disk", "/dev/vda"),
		make_result("layout", "INSTALL_X") };
	char *text = protocol_report(&(struct event){ .type = EVENT_SUCCESSFUL }, results, 2);

	(void)state;
	assert_string_equal(text,
		"{\"protocol\":1,\"event\":\"successful\",\"code\":0,\"results\":["
		"{\"key\":\"disk\",\"value\":\"/dev/vda\"},"
		"{\"key\":\"layout\",\"value\":\"INSTALL-X\"}]}\n");
	free(text);
	text = protocol_report(
		&(struct event){
			.type = EVENT_FAILED, .code = 60, .stage = STAGE_COPY, .text = "late" },
		NULL, 0);
	assert_string_equal(text,
		"{\"protocol\":1,\"event\":\"failed\",\"code\":60,\"stage\":\"copy\","
		"\"text\":\"late\",\"results\":[]}\n");
	free(text);
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
		cmocka_unit_test(the_longest_command_line_is_told_whole),
		cmocka_unit_test(objects_are_exactly_as_documented),
		cmocka_unit_test(foreign_text_cannot_leave_its_object),
		cmocka_unit_test(the_report_has_the_verdict_and_every_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
