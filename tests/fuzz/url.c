/* SPDX-License-Identifier: MIT */
/* The first line as a base or a text with URLs, the second as a name or where a redirect leads. */
#include "net/url.h"
#include "fuzz.h"

static void check_join(const char *base, const char *name)
{
	AUTO_FREE char *joined = url_join(base, name);
	size_t length = strlen(joined);

	promised(length > strlen(name) && strcmp(joined + length - strlen(name), name) == 0);
	promised(joined[length - strlen(name) - 1] == '/');
	/* One slash between them, and the base before it. */
	promised(length == strlen(name) + 1 || joined[length - strlen(name) - 2] != '/');
	promised(strncmp(joined, base, length - strlen(name) - 1) == 0);
}

/* Nothing but a user and a password is taken out, and nothing is left to take out. */
static void check_hidden(const char *text)
{
	AUTO_FREE char *hidden = url_shown(text);
	AUTO_FREE char *again = url_shown(hidden);

	promised(strlen(hidden) <= strlen(text));
	promised(strchr(text, '@') || strcmp(hidden, text) == 0);
	promised(strcmp(hidden, again) == 0);
}

static void check_redirect(const char *from, const char *to)
{
	struct error err = FUZZ_NO_ERROR;

	if (url_check_redirect(from, to, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_FETCH);
		return;
	}
	promised(url_is_remote(to));
	promised(strncmp(from, "https://", 8) != 0 || strncmp(to, "http://", 7) != 0);
}

static void check_path(const char *path)
{
	AUTO_FREE char *url = url_of_path(path);

	if (*path != '/')
		promised(strcmp(url, path) == 0);
	else
		promised(strncmp(url, "file:///", 8) == 0 && !strpbrk(url, " ?#\"<>\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	char *second = text;
	const char *first = strsep(&second, "\n");

	check_hidden(first);
	check_path(first);
	if (url_is_base(first))
		promised(url_is_allowed(first));
	if (!second)
		return 0;
	check_join(first, second);
	check_redirect(first, second);
	return 0;
}
