/* SPDX-License-Identifier: MIT */
#include "guest/sshd_values.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BLANKS " \t"

void sshd_values_parse(const char *text, struct sshd_values *ret)
{
	char *rest, *line;

	*ret = (struct sshd_values){ .text = text_duplicate(text) };
	rest = ret->text;
	while ((line = strsep(&rest, "\n"))) {
		char *value = line + strcspn(line, BLANKS);

		if (value == line)
			continue;
		if (*value)
			*value++ = '\0';
		value += strspn(value, BLANKS);
		ret->lines = must_realloc(ret->lines, ret->count + 1, sizeof(*ret->lines));
		ret->lines[ret->count++] = (struct sshd_value){ line, value };
	}
}

void sshd_values_free(struct sshd_values *values)
{
	free(values->lines);
	free(values->text);
	*values = (struct sshd_values){ .count = 0 };
}

const char *sshd_values_next(const struct sshd_values *values, const char *keyword, size_t *at)
{
	while (*at < values->count) {
		const struct sshd_value *line = &values->lines[(*at)++];

		if (strcasecmp(line->keyword, keyword) == 0)
			return line->value;
	}
	return NULL;
}

const char *sshd_values_get(
	const struct sshd_values *values, const char *keyword, const char *fallback)
{
	size_t at = 0;
	const char *value = sshd_values_next(values, keyword, &at);

	return value ? value : fallback;
}

unsigned sshd_values_port(const struct sshd_values *values)
{
	unsigned long port = strtoul(sshd_values_get(values, "Port", "22"), NULL, 10);

	return port >= 1 && port <= 65535 ? (unsigned)port : 22;
}
