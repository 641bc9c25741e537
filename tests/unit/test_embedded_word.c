/* SPDX-License-Identifier: MIT */
/* Proves when the embedded settings that were read are not those of the ISO that the machine was
 * started from. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "input/embedded_word.h"

#define SUM   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UPPER "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define WORD  "guest-installer.embedded="

static const struct embedded area = { .sum = SUM };
static const struct error mounted = { .code = 0 };
static const struct error no_medium = { .code = EXIT_FETCH,
	.text = "The medium was not found: attach it." };

static void accepts(const char *command_line, const struct embedded *embedded)
{
	struct error err = { .text = "" };

	if (embedded_word_check(command_line, embedded, &mounted, &err) < 0 ||
		embedded_word_check(command_line, embedded, &no_medium, &err) < 0)
		fail_msg("\"%s\" is refused: %s", command_line, err.text);
}

static void refuses(const char *command_line, const struct embedded *embedded,
	const struct error *medium, enum exit_code code, const char *says)
{
	struct error err = { .text = "" };

	assert_true(embedded_word_check(command_line, embedded, medium, &err) < 0);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, says))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", command_line, err.text, says);
}

static void without_the_word_anything_may_be_embedded(void **state)
{
	static const char *const lines[] = { "", "quiet",
		"guest-installer.embed=" OTHER " embedded=" OTHER, "x.guest-installer.embedded=1" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		accepts(lines[i], NULL);
		accepts(lines[i], &area);
	}
}

static void the_promised_area_is_accepted_from_medium_and_initramfs(void **state)
{
	(void)state;
	accepts("quiet " WORD SUM, &area);
	accepts(WORD UPPER " quiet", &area);
	accepts("\"" WORD SUM "\"", &area);
}

static void a_medium_that_is_missing_is_named_with_its_own_code(void **state)
{
	(void)state;
	refuses(WORD SUM, NULL, &no_medium, EXIT_FETCH,
		"embedded in the ISO cannot be read: The medium was not found: attach it.");
}

static void a_medium_without_settings_is_another_iso(void **state)
{
	(void)state;
	refuses(WORD SUM, NULL, &mounted, EXIT_CONFIGURATION, "the installer found has none");
}

static void other_settings_than_promised_are_refused(void **state)
{
	(void)state;
	refuses(WORD OTHER, &area, &mounted, EXIT_CONFIGURATION, "other embedded settings");
	refuses(WORD OTHER, &area, &no_medium, EXIT_CONFIGURATION, "other embedded settings");
	refuses(WORD SUM " " WORD OTHER, &area, &mounted, EXIT_CONFIGURATION, "other embedded");
	refuses(WORD OTHER " " WORD SUM, &area, &mounted, EXIT_CONFIGURATION, "other embedded");
}

static void a_word_without_a_checksum_is_refused(void **state)
{
	static const char *const words[] = { WORD, WORD "0", WORD SUM "0", WORD "x" SUM,
		WORD "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		refuses(words[i], &area, &mounted, EXIT_CONFIGURATION, "has no SHA-256 behind it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_word_anything_may_be_embedded),
		cmocka_unit_test(the_promised_area_is_accepted_from_medium_and_initramfs),
		cmocka_unit_test(a_medium_that_is_missing_is_named_with_its_own_code),
		cmocka_unit_test(a_medium_without_settings_is_another_iso),
		cmocka_unit_test(other_settings_than_promised_are_refused),
		cmocka_unit_test(a_word_without_a_checksum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
