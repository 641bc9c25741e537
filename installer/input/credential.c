/* SPDX-License-Identifier: MIT */
#include "input/credential.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/text.h"

/* What follows prefix, name and separator, or NULL. */
static const char *value_of(const char *word, const char *prefix, const char *name, char separator)
{
	if (!text_starts_with(word, prefix))
		return NULL;
	word += strlen(prefix);
	if (!text_starts_with(word, name) || word[strlen(name)] != separator)
		return NULL;
	return word + strlen(name) + 1;
}

const char *credential_find(const struct credential_syntax *syntax, const char *word,
	const char *name, bool *ret_base64)
{
	const char *plain = value_of(word, syntax->plain, name, syntax->separator);

	*ret_base64 = !plain;
	return plain ? plain : value_of(word, syntax->base64, name, syntax->separator);
}

int credential_decode(const char *value, bool base64, char **ret, size_t *ret_bytes)
{
	size_t length = strlen(value);
	size_t size = base64 ? base64_decoded_bytes(value, length) : length;
	AUTO_FREE char *text = must_realloc(NULL, size + 1, 1);

	if (!base64)
		memcpy(text, value, size);
	else if (base64_decode(value, length, (uint8_t *)text, size) < 0)
		return -EINVAL;
	text[size] = '\0';
	*ret = text;
	*ret_bytes = size;
	text = NULL;
	return 0;
}
