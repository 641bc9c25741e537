/* SPDX-License-Identifier: MIT */
#include "disk/disk_key.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

#define SERIAL_MAX_CHARS 63

static const char *after_prefix(const char *text, const char *prefix)
{
	return text_starts_with(text, prefix) ? text + strlen(prefix) : NULL;
}

static bool is_serial(const char *text)
{
	if (!*text || strlen(text) > SERIAL_MAX_CHARS)
		return false;
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

/* The two-letter forms come first. */
static const char *parse_compare(const char *text, enum disk_key_compare *ret)
{
	static const struct {
		const char *sign;
		enum disk_key_compare compare;
	} signs[] = {
		{ "<=", DISK_KEY_LESS_OR_EQUAL },
		{ ">=", DISK_KEY_GREATER_OR_EQUAL },
		{ "<", DISK_KEY_LESS },
		{ ">", DISK_KEY_GREATER },
		{ "=", DISK_KEY_EQUAL },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		const char *rest = after_prefix(text, signs[i].sign);

		if (rest) {
			*ret = signs[i].compare;
			return rest;
		}
	}
	return NULL;
}

static int parse_disk_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t size = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(size, 10, &size) ||
			__builtin_add_overflow(size, (uint64_t)(*text - '0'), &size))
			return -EINVAL;
	if (*text) {
		suffix = strchr(suffixes, *text);
		if (!suffix || text[1])
			return -EINVAL;
		for (; suffix >= suffixes; suffix--)
			if (__builtin_mul_overflow(size, 1024, &size))
				return -EINVAL;
	}
	if (size == 0)
		return -EINVAL;
	*ret = size;
	return 0;
}

int disk_key_parse(const char *text, struct disk_key *ret)
{
	struct disk_key key = { .kind = DISK_KEY_PATH, .name = text };
	const char *rest;

	if (strcmp(text, "auto") == 0) {
		key.kind = DISK_KEY_AUTO;
	} else if (strcmp(text, "smallest") == 0) {
		key.kind = DISK_KEY_SMALLEST;
	} else if (strcmp(text, "largest") == 0) {
		key.kind = DISK_KEY_LARGEST;
	} else if ((rest = after_prefix(text, "serial:"))) {
		key.kind = DISK_KEY_SERIAL;
		key.name = rest;
		if (!is_serial(rest))
			return -EINVAL;
	} else if ((rest = after_prefix(text, "size:"))) {
		key.kind = DISK_KEY_SIZE;
		rest = parse_compare(rest, &key.compare);
		if (!rest || parse_disk_size(rest, &key.size_bytes) < 0)
			return -EINVAL;
	} else if (!text_is_clean_path(text)) {
		return -EINVAL;
	}
	*ret = key;
	return 0;
}

bool disk_key_is_name(const char *text)
{
	struct disk_key key;

	return disk_key_parse(text, &key) == 0 &&
	       (key.kind == DISK_KEY_PATH || key.kind == DISK_KEY_SERIAL);
}

bool disk_key_fits(const struct disk_key *key, uint64_t size_bytes)
{
	if (key->kind != DISK_KEY_SIZE)
		return true;
	switch (key->compare) {
	case DISK_KEY_LESS:
		return size_bytes < key->size_bytes;
	case DISK_KEY_LESS_OR_EQUAL:
		return size_bytes <= key->size_bytes;
	case DISK_KEY_EQUAL:
		return size_bytes == key->size_bytes;
	case DISK_KEY_GREATER_OR_EQUAL:
		return size_bytes >= key->size_bytes;
	case DISK_KEY_GREATER:
		return size_bytes > key->size_bytes;
	}
	return false;
}
