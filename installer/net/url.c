/* SPDX-License-Identifier: MIT */
#include "net/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FILE_SCHEME   "file://"
#define HTTP_SCHEME   "http://"
#define HTTPS_SCHEME  "https://"
#define AUTHORITY_END "/?# \t\r\n" /* quotes may stand in a password */

static bool has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

bool url_is_remote(const char *url)
{
	return has_scheme(url, HTTP_SCHEME) || has_scheme(url, HTTPS_SCHEME);
}

bool url_is_allowed(const char *text)
{
	const char *host;

	if (!url_is_remote(text))
		return text_is_file_url(text);
	for (const char *c = text; *c; c++)
		if (!isascii(*c) || !isgraph((unsigned char)*c))
			return false;
	host = strstr(text, "://") + 3;
	host += strcspn(host, AUTHORITY_END);
	/* The host is not empty, also after a user's @. */
	return host[-1] != '/' && host[-1] != '@';
}

bool url_is_base(const char *text)
{
	return url_is_allowed(text) && (!url_is_remote(text) || !strpbrk(text, "?#"));
}

char *url_join(const char *base, const char *name)
{
	size_t length = strlen(base);
	char *joined = NULL;

	while (length > 0 && base[length - 1] == '/')
		length--;
	if (asprintf(&joined, "%.*s/%s", (int)length, base, name) < 0)
		abort();
	return joined;
}

char *url_quote_path(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/+=,@:";
	char *quoted = must_realloc(NULL, 3 * strlen(path) + 1, 1), *at = quoted;

	for (const char *c = path; *c; c++) {
		if (strchr(plain, *c))
			*at++ = *c;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*c);
	}
	*at = '\0';
	return quoted;
}

char *url_of_path(const char *url_or_path)
{
	AUTO_FREE char *quoted = NULL;
	char *url = NULL;

	if (url_or_path[0] != '/')
		return text_duplicate(url_or_path);
	quoted = url_quote_path(url_or_path);
	if (asprintf(&url, FILE_SCHEME "%s", quoted) < 0)
		abort();
	return url;
}

const char *url_file_path(const char *url_or_path)
{
	if (text_starts_with(url_or_path, FILE_SCHEME))
		url_or_path += strlen(FILE_SCHEME);
	return url_or_path[0] == '/' ? url_or_path : NULL;
}

void url_hide_credentials(char *text)
{
	for (char *at = text; (at = strstr(at, "://")) != NULL;) {
		size_t length;

		at += strlen("://");
		length = strcspn(at, AUTHORITY_END);
		/* Up to the last @, because a password may contain one. */
		while (length > 0 && at[length - 1] != '@')
			length--;
		memmove(at, at + length, strlen(at + length) + 1);
	}
}

char *url_shown(const char *url)
{
	char *shown = text_duplicate(url);

	url_hide_credentials(shown);
	return shown;
}

int url_check_redirect(const char *from, const char *to, struct error *err)
{
	AUTO_FREE char *shown = url_shown(to);

	if (!url_is_remote(to))
		return error_set_code(err, EXIT_FETCH, -EPERM,
			"it redirects to %.300s, but redirects lead to http and https only", shown);
	if (has_scheme(from, HTTPS_SCHEME) && !has_scheme(to, HTTPS_SCHEME))
		return error_set_code(err, EXIT_FETCH, -EPERM,
			"it redirects from https to %.300s, which is not encrypted", shown);
	return 0;
}
