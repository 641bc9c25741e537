/* SPDX-License-Identifier: MIT */
#include "input/cloud_form.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define HEADER "#cloud-config"
#define JINJA  "## template: jinja"

/* How user-data of other forms begins, and what they are. Case does not count, as in cloud-init's
 * user_data.py and handlers. */
static const struct {
	const char *start, *what;
} forms[] = {
	{ "\x1f\x8b", "it is compressed with gzip" },
	{ "Content-Type:", "it is a multipart archive" },
	{ "MIME-Version:", "it is a multipart archive" },
	{ HEADER "-archive", "it is a " HEADER "-archive" },
	{ HEADER "-jsonp", "it is a " HEADER "-jsonp" },
	{ "#include", "it is a list of URLs (#include)" },
	{ "#!", "it is a script" },
};

static bool begins_with(const char *text, size_t size_bytes, const char *start)
{
	size_t length = strlen(start);

	return size_bytes >= length && strncasecmp(text, start, length) == 0;
}

/* A template in which nothing is to be filled in is the text itself, without its first line. */
static const char *find_template_reason(const char *text, size_t size_bytes)
{
	if (memmem(text, size_bytes, "{{", 2) || memmem(text, size_bytes, "{%", 2) ||
		memmem(text, size_bytes, "{#", 2))
		return "it is a Jinja template, which is not filled in here";
	return NULL;
}

/* Moves behind blanks at the start, and behind a line that says it is a template. */
const char *cloud_form_ignore_reason(const char *text, size_t size_bytes)
{
	const char *end = text + size_bytes, *reason = NULL;

	while (text < end && strchr(" \t\r\n", *text) && *text)
		text++;
	if (begins_with(text, (size_t)(end - text), JINJA)) {
		reason = find_template_reason(text, (size_t)(end - text));
		text = memchr(text, '\n', (size_t)(end - text));
		if (reason || !text)
			return reason ? reason : "it is an empty Jinja template";
		text++;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (begins_with(text, (size_t)(end - text), forms[i].start))
			return forms[i].what;
	return begins_with(text, (size_t)(end - text), HEADER) ? NULL
							       : "the first line is not " HEADER;
}
