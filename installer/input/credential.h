/* SPDX-License-Identifier: MIT */
/*
 * credential — reads a systemd credential from a word that a host hands over.
 *
 * Pure. Format: systemd's documentation "System and Service Credentials". smbios and instance_line
 * know where such words stand.
 *
 * Tested by: tests/unit/test_smbios.c, tests/unit/test_instance_line.c, tests/fuzz/instance_line.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* How a kind of word names a credential: prefix, name, separator, value. */
struct credential_syntax {
	const char *plain, *base64; /* the prefix, by the form of the value */
	char separator;
};

/* The value if the word is the credential of this name, else NULL. ret_base64 tells its form. */
const char *credential_find(const struct credential_syntax *syntax, const char *word,
	const char *name, bool *ret_base64);

/* The text of a value (from malloc, a NUL behind it). -EINVAL if its base64 is none. */
int credential_decode(const char *value, bool base64, char **ret, size_t *ret_bytes) WARN_UNUSED;
