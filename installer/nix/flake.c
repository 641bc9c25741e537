/* SPDX-License-Identifier: MIT */
#include "nix/flake.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define REFERENCE_MAX_CHARS 1000
#define COMMIT_CHARS	    40
#define DRIVE		    "drive"

const char *flake_name(const char *text)
{
	const char *hash = strrchr(text, '#');

	return hash ? hash + 1 : text + strlen(text);
}

static bool is_name(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_-.", *text))
			return false;
	return true;
}

/* Whether a part of the path is a commit: github:owner/repository/COMMIT. */
static bool has_commit(const char *reference)
{
	for (const char *part = strchr(reference, '/'); part; part = strchr(part + 1, '/'))
		if (strspn(part + 1, "0123456789abcdef") == COMMIT_CHARS &&
			strchr("?", part[1 + COMMIT_CHARS]))
			return true;
	return false;
}

/* Whether the reference always stands for the same revision. */
static bool is_pinned(const char *reference)
{
	const char *query = strchr(reference, '?');

	if (has_commit(reference))
		return true;
	return query && (strstr(query, "?rev=") || strstr(query, "&rev=") ||
				strstr(query, "?narHash=") || strstr(query, "&narHash="));
}

static bool is_reference(const char *reference)
{
	for (const char *p = reference; *p; p++)
		if (!isgraph((unsigned char)*p) || *p == '"' || *p == '#')
			return false;
	return strcmp(reference, DRIVE) == 0 || text_is_clean_path(reference) ||
	       (isalpha((unsigned char)reference[0]) && strchr(reference, ':') &&
		       is_pinned(reference));
}

bool flake_check(const char *text)
{
	char reference[REFERENCE_MAX_CHARS + 1];
	const char *name = flake_name(text);
	size_t length = (size_t)(name - text);

	if (length < 1 || length > REFERENCE_MAX_CHARS || !is_name(name))
		return false;
	memcpy(reference, text, length - 1);
	reference[length - 1] = '\0';
	return is_reference(reference);
}

bool flake_is_on_drive(const char *text)
{
	return strncmp(text, DRIVE "#", sizeof(DRIVE)) == 0;
}

bool flake_is_remote(const char *text)
{
	return text[0] && text[0] != '/' && !flake_is_on_drive(text);
}
