/* SPDX-License-Identifier: MIT */
#include "input/smbios.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"

#define OEM_STRINGS	  11
#define HEADER_BYTES	  5 /* type, length, handle (two bytes), count */
#define CREDENTIAL	  "io.systemd.credential:"
#define CREDENTIAL_BASE64 "io.systemd.credential.binary:"

/* The strings stand behind the formatted area, each with its NUL; an empty one ends them. */
const char *smbios_oem_string(const uint8_t *raw, size_t size_bytes, size_t index)
{
	const uint8_t *end = raw + size_bytes, *string;

	if (size_bytes < HEADER_BYTES || raw[0] != OEM_STRINGS || raw[1] < HEADER_BYTES ||
		raw[1] > size_bytes || index >= raw[4])
		return NULL;
	string = raw + raw[1];
	for (;; index--) {
		const uint8_t *nul = memchr(string, '\0', (size_t)(end - string));

		if (!nul || nul == string)
			return NULL;
		if (index == 0)
			return (const char *)string;
		string = nul + 1;
	}
}

/* What follows prefix, name and '=', or NULL. */
static const char *value_of(const char *string, const char *prefix, const char *name)
{
	size_t prefix_length = strlen(prefix), name_length = strlen(name);

	if (strncmp(string, prefix, prefix_length) != 0)
		return NULL;
	string += prefix_length;
	if (strncmp(string, name, name_length) != 0 || string[name_length] != '=')
		return NULL;
	return string + name_length + 1;
}

int smbios_credential(
	const char *string, const char *name, char **ret, size_t *ret_bytes, struct error *err)
{
	const char *plain = value_of(string, CREDENTIAL, name);
	const char *base64 = value_of(string, CREDENTIAL_BASE64, name);
	const char *value = plain ? plain : base64;
	AUTO_FREE char *text = NULL;
	size_t length, size;

	if (!value)
		return 0;
	length = strlen(value);
	size = plain ? length : base64_decoded_bytes(value, length);
	text = must_realloc(NULL, size + 1, 1);
	if (plain)
		memcpy(text, plain, size);
	else if (base64_decode(base64, length, (uint8_t *)text, size) < 0)
		return error_set_code(
			err, EXIT_NO_KEY, -EINVAL, "the SMBIOS credential %s is not base64", name);
	text[size] = '\0';
	*ret = text;
	*ret_bytes = size;
	text = NULL;
	return 1;
}
