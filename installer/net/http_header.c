/* SPDX-License-Identifier: MIT */
#include "net/http_header.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

/* Decimal digits, advancing over them; -EINVAL if there are none or too many. */
static int take_number(const char **text, int64_t *ret)
{
	const char *start = *text;
	int64_t number = 0;

	for (; **text >= '0' && **text <= '9'; ++*text)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, **text - '0', &number))
			return -EINVAL;
	if (*text == start)
		return -EINVAL;
	*ret = number;
	return 0;
}

static int take_character(const char **text, char expected)
{
	if (**text != expected)
		return -EINVAL;
	++*text;
	return 0;
}

int http_header_content_range(const char *value, struct content_range *ret)
{
	struct content_range range = { .total_bytes = -1 };

	if (!text_starts_with(value, "bytes "))
		return -EINVAL;
	value += strlen("bytes ");
	if (take_number(&value, &range.first_byte) < 0 || take_character(&value, '-') < 0 ||
		take_number(&value, &range.last_byte) < 0 || take_character(&value, '/') < 0)
		return -EINVAL;
	if (*value == '*')
		value++;
	else if (take_number(&value, &range.total_bytes) < 0 ||
		 range.total_bytes <= range.last_byte)
		return -EINVAL;
	if (*value || range.last_byte < range.first_byte)
		return -EINVAL;
	*ret = range;
	return 0;
}

int http_header_whole_length(const char *value, int64_t *ret_total)
{
	static const char start[] = "bytes */";
	int64_t total;

	if (!text_starts_with(value, start))
		return -EINVAL;
	value += strlen(start);
	if (take_number(&value, &total) < 0 || *value)
		return -EINVAL;
	*ret_total = total;
	return 0;
}

bool http_header_is_strong_etag(const char *value)
{
	size_t length = strlen(value);

	if (length < 2 || value[0] != '"' || value[length - 1] != '"')
		return false;
	for (const char *c = value + 1; c < value + length - 1; c++)
		if (*c < 0x21 || *c > 0x7e || *c == '"')
			return false;
	return true;
}
