/* SPDX-License-Identifier: MIT */
/* Proves which URL of ds=nocloud is taken, and what is refused of it. tests/net/guest.sh fetches
 * from a server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "input/cloud_seed.h"

static void finds(const char *command_line, const char *serial, const char *url, const char *where)
{
	char found[CLOUD_SEED_URL_BYTES];
	const char *place;

	assert_true(cloud_seed_find(command_line, serial, found, &place));
	assert_string_equal(found, url);
	assert_non_null(strstr(place, where));
}

static void the_command_line_is_stronger_than_the_serial_number(void **state)
{
	char url[CLOUD_SEED_URL_BYTES];
	const char *place;

	(void)state;
	finds("quiet ds=nocloud;s=http://a/", "ds=nocloud;s=http://b/", "http://a/",
		"command line");
	finds("quiet ds=nocloud;h=x", "ds=nocloud-net;seedfrom=http://b/", "http://b/",
		"serial number");
	assert_false(cloud_seed_find("ds=nocloud;h=x", "ds=nocloud", url, &place));
}

static void refuses(const char *url, int code, const char *sentence)
{
	const struct fetch_settings settings = { .attempts = 1 };
	struct cloud_drive seed = { .found = false };
	struct error err = { 0 };

	assert_true(cloud_seed_fetch(&settings, url, "in this test", &seed, &err) < 0);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, sentence))
		fail_msg("no \"%s\" in: %s", sentence, err.text);
	assert_null(strstr(err.text, "secret"));
	assert_false(seed.found);
}

static void what_is_no_start_of_other_urls_is_refused(void **state)
{
	(void)state;
	refuses("/srv/seed/", EXIT_CONFIGURATION,
		"ds=nocloud in this test: s cannot be \"/srv/seed/\"");
	refuses("file:///srv/", EXIT_CONFIGURATION, "attach a cidata drive");
	refuses("ftp://h/x/", EXIT_CONFIGURATION, "only http and https");
	refuses("http://", EXIT_CONFIGURATION, "only http and https");
	refuses("http://me:secret@h/?id=", EXIT_CONFIGURATION, "s cannot be \"http://h/?id=\"");
}

static void a_server_that_does_not_answer_is_named(void **state)
{
	(void)state;
	refuses("http://me:secret@127.0.0.1:1/seed", EXIT_FETCH, "127.0.0.1:1/seed/meta-data");
	refuses("http://127.0.0.1:1/seed//", EXIT_FETCH, "ds=nocloud in this test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_line_is_stronger_than_the_serial_number),
		cmocka_unit_test(what_is_no_start_of_other_urls_is_refused),
		cmocka_unit_test(a_server_that_does_not_answer_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
