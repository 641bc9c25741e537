/* SPDX-License-Identifier: MIT */
#include "init/driver_line.h"

#include <fnmatch.h>
#include <string.h>

#define PATTERN_BYTES 256

bool driver_line_next(const char **position, struct driver_word *ret_word)
{
	const char *start = *position + strspn(*position, " \n");
	size_t length = strcspn(start, " \n");

	*position = start + length;
	if (length == 0)
		return false;
	/* A pattern begins with the name of a bus and a colon. */
	*ret_word = (struct driver_word){ start, length, !memchr(start, ':', length) };
	return true;
}

static bool matches_a_device(const struct driver_word *word, char *const *modaliases, size_t count)
{
	char pattern[PATTERN_BYTES];

	if (word->length >= sizeof(pattern))
		return false;
	memcpy(pattern, word->text, word->length);
	pattern[word->length] = '\0';
	for (size_t i = 0; i < count; i++)
		if (fnmatch(pattern, modaliases[i], 0) == 0)
			return true;
	return false;
}

bool driver_line_is_wanted(const char *line, char *const *modaliases, size_t count)
{
	struct driver_word word;
	bool has_pattern = false;

	while (driver_line_next(&line, &word)) {
		if (word.is_file)
			continue;
		if (matches_a_device(&word, modaliases, count))
			return true;
		has_pattern = true;
	}
	return !has_pattern;
}
