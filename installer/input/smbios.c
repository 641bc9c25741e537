/* SPDX-License-Identifier: MIT */
#include "input/smbios.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "input/credential.h"

#define OEM_STRINGS  11
#define HEADER_BYTES 5 /* type, length, handle (two bytes), count */

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

int smbios_credential(
	const char *string, const char *name, char **ret, size_t *ret_bytes, struct error *err)
{
	static const struct credential_syntax syntax = {
		"io.systemd.credential:", "io.systemd.credential.binary:", '='
	};
	bool base64;
	const char *value = credential_find(&syntax, string, name, &base64);

	if (!value)
		return 0;
	if (credential_decode(value, base64, ret, ret_bytes) < 0)
		return error_set_code(
			err, EXIT_NO_KEY, -EINVAL, "the SMBIOS credential %s is not base64", name);
	return 1;
}
