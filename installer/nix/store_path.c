/* SPDX-License-Identifier: MIT */
#include "nix/store_path.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/encoding.h"

/* The characters of a name are those of Nix (libstore, checkName). */
int store_path_check_base_name(const char *text)
{
	size_t length = strlen(text);

	if (length < STORE_HASH_CHARS + 2 || length > STORE_HASH_CHARS + 1 + STORE_NAME_MAX ||
		text[STORE_HASH_CHARS] != '-' || strspn(text, nix32_alphabet) != STORE_HASH_CHARS)
		return -EINVAL;
	for (const char *c = text + STORE_HASH_CHARS + 1; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("+-._?=", *c)))
			return -EINVAL;
	return 0;
}

int store_path_check(const char *text)
{
	if (strncmp(text, STORE_DIR "/", strlen(STORE_DIR "/")) != 0)
		return -EINVAL;
	return store_path_check_base_name(text + strlen(STORE_DIR "/"));
}

const char *store_path_base_name(const char *store_path)
{
	return store_path + strlen(STORE_DIR "/");
}
