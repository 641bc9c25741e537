/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int text_copy(char *ret, size_t ret_bytes, const char *src)
{
	size_t length = strlen(src);

	if (length >= ret_bytes)
		return -ENAMETOOLONG;
	memcpy(ret, src, length + 1);
	return 0;
}

bool text_append(char *ret, size_t ret_bytes, const char *fmt, ...)
{
	size_t used = strlen(ret);
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(ret + used, ret_bytes - used, fmt, args);
	va_end(args);
	return length >= 0 && (size_t)length < ret_bytes - used;
}

void text_push_member(char *path, size_t path_bytes, size_t length, const char *name)
{
	char *p = path + length;

	*p = '\0';
	text_append(path, path_bytes, "%s%.64s", length ? "." : "", name);
	/* A path that is full has no room for the dot. */
	for (p += length > 0 && *p; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			*p = '?';
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

bool text_is_one_of_any_case(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcasecmp(text, *list) == 0)
			return true;
	return false;
}

size_t text_option_bytes(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (quoted || !isspace((unsigned char)text[length])); length++)
		if (text[length] == '"')
			quoted = !quoted;
	return length;
}

char *text_duplicate(const char *text)
{
	return text ? strcpy(must_realloc(NULL, strlen(text) + 1, 1), text) : NULL;
}

char *text_duplicate_bytes(const char *text, size_t length)
{
	char *copy = must_realloc(NULL, length + 1, 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

size_t text_bom_bytes(const char *text, size_t size_bytes)
{
	return size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

void text_lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

void text_upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

/* Whether text looks like the pattern, in which x stands for a hexadecimal digit. */
static bool matches_hex_pattern(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == 'x' ? !isxdigit((unsigned char)*text) : *text != *pattern)
			return false;
	}
	return !*text;
}

bool text_is_uuid(const char *text)
{
	return matches_hex_pattern(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

bool text_is_fat_serial(const char *text)
{
	return matches_hex_pattern(text, "xxxx-xxxx");
}

bool text_is_ext4_label(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 16)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"'`/\\", *text))
			return false;
	return true;
}

bool text_is_partition_name(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= 36 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    "#+-.:=@_") == length;
}

bool text_is_fat_label(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789_- ";
	size_t length = strlen(text);

	if (length < 1 || length > 11 || text[0] == ' ' || text[length - 1] == ' ')
		return false;
	return strspn(text, allowed) == length;
}

bool text_is_user_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_0123456789-.";
	size_t length = strlen(text);

	if (length < 1 || length > 32 || strchr("0123456789-.", text[0]))
		return false;
	return strspn(text, allowed) == length;
}

bool text_is_clean_path(const char *text)
{
	const char *part = text;

	if (*text != '/')
		return false;
	if (!text[1])
		return true;
	while (*part == '/') {
		size_t length = strcspn(++part, "/");

		if (length == 0 || (length == 1 && part[0] == '.') ||
			(length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		for (size_t i = 0; i < length; i++)
			if (iscntrl((unsigned char)part[i]))
				return false;
		part += length;
	}
	return true;
}

bool text_is_file_url(const char *text)
{
	const char *path = text_starts_with(text, "file://") ? text + 7 : text;

	if (path[0] != '/' || !path[1])
		return false;
	for (; *path; path++)
		if (isspace((unsigned char)*path) || iscntrl((unsigned char)*path))
			return false;
	return true;
}

char *text_trim(char *text)
{
	char *end = text + strlen(text);

	while (isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

/* The length of the UTF-8 character that text begins with (RFC 3629, section 4), 0 if it is none.
 */
static size_t utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t length;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t length = 1;

		if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
			continue;
		if (text[1] < forms[i].second_min || text[1] > forms[i].second_max)
			return 0;
		while (length < forms[i].length && (text[length] & 0xc0) == 0x80)
			length++;
		return length == forms[i].length ? length : 0;
	}
	return 0;
}

bool text_is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length;

	for (; *at; at += length) {
		length = utf8_length(at);
		if (length == 0)
			return false;
	}
	return true;
}

int text_take_id(const char **text, unsigned *ret)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long long id = strtoull(*text, NULL, 10);

	if (digits < 1 || digits > 10 || id >= UINT32_MAX)
		return -EINVAL;
	*ret = (unsigned)id;
	*text += digits;
	return 0;
}

const char *text_size(char ret[TEXT_SIZE_BYTES], uint64_t size_bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	uint64_t unit = 1024;
	size_t i = 0;

	if (size_bytes < 1024) {
		snprintf(ret, TEXT_SIZE_BYTES, "%" PRIu64 " bytes", size_bytes);
		return ret;
	}
	while (i < 4 && size_bytes / unit >= 1024) {
		unit *= 1024;
		i++;
	}
	/* Rounded down, so that a disk never looks larger than it is. */
	snprintf(ret, TEXT_SIZE_BYTES, "%" PRIu64 ".%" PRIu64 " %s", size_bytes / unit,
		size_bytes % unit * 10 / unit, units[i]);
	return ret;
}

void text_sanitize(char *text)
{
	static const char word[] = "INSTALL_";

	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F are control characters too: terminals obey them. */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
		if (strncasecmp((const char *)p, word, sizeof(word) - 1) == 0)
			p[sizeof(word) - 2] = '-';
	}
}
