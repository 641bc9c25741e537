/* SPDX-License-Identifier: MIT */
/* Proves what json_walk reports of a document, and which documents are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"

static int note(const char *path, const char *value, void *userdata, struct error *err)
{
	(void)err;
	text_append(userdata, 1024, "%s=%s;", path, value ? value : "(begins)");
	return 0;
}

static void sees_bytes(const char *text, size_t size_bytes, const char *expected)
{
	char seen[1024] = "";
	struct error err = { 0 };

	if (json_walk(text, size_bytes, note, seen, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(seen, expected);
}

static void sees(const char *text, const char *expected)
{
	sees_bytes(text, strlen(text), expected);
}

static void refuses(const char *text, size_t size_bytes, const char *reason)
{
	char seen[1024] = "";
	struct error err = { 0 };

	assert_true(json_walk(text, size_bytes, note, seen, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	assert_non_null(strstr(err.text, reason));
}

#define REFUSES(text, reason) refuses(text, sizeof(text) - 1, reason)

static void scalars_are_reported_with_their_paths(void **state)
{
	(void)state;
	sees("{\"a\": {\"b c\": \"d\"}, \"e\": [1, {\"f\": true}], \"g\": null}",
		"a.b?c=d;e[]=1;e[]=(begins);e[].f=true;");
}

static void real_numbers_keep_their_value(void **state)
{
	(void)state;
	sees("{\"a\": 0.1, \"b\": -571195.1445457359, \"c\": 1e3, \"d\": 7.039570238089001e16}",
		"a=0.1;b=-571195.1445457359;c=1000;d=7.039570238089001e+16;");
}

static void nul_characters_are_refused_wherever_they_are(void **state)
{
	(void)state;
	REFUSES("{\"a\": true\0}", "a NUL character");
	REFUSES("{\0}", "a NUL character");
	REFUSES("{}\0", "a NUL character");
	REFUSES("{\"a\": \"\\u0000\"}", "not well-formed JSON");
}

static void what_is_no_single_object_is_refused(void **state)
{
	(void)state;
	REFUSES("", "not well-formed JSON");
	REFUSES("[]", "must be a JSON object");
	REFUSES("{} {}", "not well-formed JSON");
	REFUSES("{\"a\": 1, \"a\": 2}", "duplicate");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_reported_with_their_paths),
		cmocka_unit_test(real_numbers_keep_their_value),
		cmocka_unit_test(nul_characters_are_refused_wherever_they_are),
		cmocka_unit_test(what_is_no_single_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
