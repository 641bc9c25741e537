/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/url.h"

static void only_files_and_http_are_allowed(void **state)
{
	static const char *const good[] = { "/cache", "file:///cache", "http://host",
		"https://host:8443/a/b?c#d", "http://user:word@host/", "http://[::1]/x",
		"http://user:it's@host/" };
	static const char *const bad[] = { "", "cache", "/", "ftp://host/", "file://host/cache",
		"http:/host", "http://", "http:///path", "http://user@/path", "https://?a",
		"http://host/a b", "http://host/\x7f", "http://host/\xc3\xa4", "gopher://host" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!url_is_allowed(good[i]))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (url_is_allowed(bad[i]))
			fail_msg("'%s' is allowed", bad[i]);
}

static void a_base_has_neither_query_nor_fragment(void **state)
{
	(void)state;
	assert_true(url_is_base("https://host/cache"));
	assert_true(url_is_base("/odd#name"));
	assert_false(url_is_base("https://host/cache?trusted=1"));
	assert_false(url_is_base("https://host/cache#top"));
}

static void what_is_remote_is_told_from_files(void **state)
{
	(void)state;
	assert_true(url_is_remote("http://host"));
	assert_true(url_is_remote("HTTPS://host"));
	assert_false(url_is_remote("file:///http://host"));
	assert_false(url_is_remote("/http://host"));
}

static void the_path_of_a_file_url_stays_quoted(void **state)
{
	(void)state;
	assert_string_equal(url_file_path("file:///a%20b"), "/a%20b");
	assert_string_equal(url_file_path("/a b"), "/a b");
	assert_null(url_file_path("file://host/a"));
	assert_null(url_file_path("https://host/a"));
	assert_null(url_file_path("a"));
}

static void names_are_joined_with_one_slash(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		static const char *const bases[] = { "http://h/cache", "http://h/cache/",
			"http://h/cache//" };
		char *url = url_join(bases[i], "nar/x");

		assert_string_equal(url, "http://h/cache/nar/x");
		free(url);
	}
}

static void a_path_is_quoted_and_a_url_is_not(void **state)
{
	char *url = url_of_path("/a b#c?d%41");

	(void)state;
	assert_string_equal(url, "file:///a%20b%23c%3Fd%2541");
	free(url);
	url = url_of_path("file:///a%20b");
	assert_string_equal(url, "file:///a%20b");
	free(url);
}

static void hides(const char *text, const char *expected)
{
	char *hidden = strdup(text);

	url_hide_credentials(hidden);
	assert_string_equal(hidden, expected);
	free(hidden);
}

static void users_and_passwords_are_hidden(void **state)
{
	(void)state;
	hides("http://user:word@host/a", "http://host/a");
	hides("fetch https://u@h: from http://a:b@c@d/", "fetch https://h: from http://d/");
	hides("cache cannot be \"http://u:p@h\": no", "cache cannot be \"http://h\": no");
	hides("cache cannot be \"http://u:it's<\"@h\": no", "cache cannot be \"http://h\": no");
	hides("http://host/a@b and x@y", "http://host/a@b and x@y");
	hides("http://host?a@b", "http://host?a@b");
	hides("http://@", "http://");
	hides("://", "://");
}

static void redirects_lead_to_http_and_never_from_https_to_http(void **state)
{
	static const struct {
		const char *from, *to, *sentence;
	} cases[] = {
		{ "http://a/", "http://b/", NULL },
		{ "http://a/", "https://b/", NULL },
		{ "https://a/", "https://b/", NULL },
		{ "https://a/", "http://u:p@b/",
			"from https to http://b/, which is not encrypted" },
		{ "HTTPS://a/", "HTTP://b/", "which is not encrypted" },
		{ "http://a/", "file:///etc/passwd", "lead to http and https only" },
		{ "http://a/", "ftp://b/", "lead to http and https only" },
		{ "http://a/", "", "lead to http and https only" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		int r = url_check_redirect(cases[i].from, cases[i].to, &err);

		if (!cases[i].sentence) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EPERM);
		assert_int_equal(err.code, EXIT_FETCH);
		if (!strstr(err.text, cases[i].sentence))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_files_and_http_are_allowed),
		cmocka_unit_test(a_base_has_neither_query_nor_fragment),
		cmocka_unit_test(what_is_remote_is_told_from_files),
		cmocka_unit_test(the_path_of_a_file_url_stays_quoted),
		cmocka_unit_test(names_are_joined_with_one_slash),
		cmocka_unit_test(a_path_is_quoted_and_a_url_is_not),
		cmocka_unit_test(users_and_passwords_are_hidden),
		cmocka_unit_test(redirects_lead_to_http_and_never_from_https_to_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
