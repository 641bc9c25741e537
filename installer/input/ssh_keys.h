/* SPDX-License-Identifier: MIT */
/*
 * ssh_keys — SSH public keys in authorized_keys form (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
 *
 * Pure: takes texts, gives the text of one authorized_keys file. CRLF, BOM and a missing last
 * newline are repaired, comments and empty lines dropped, duplicates (same type and blob) dropped;
 * options, certificates and sk- types are kept. A private key or a malformed line is refused by
 * file and line.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define KEY_FILE_MAX_BYTES (256 * 1024)
#define KEYS_MAX	   1024

struct ssh_keys {
	char *lines[KEYS_MAX]; /* without newline */
	size_t count;
};

/* Adds the keys of one file; name stands in errors. -EINVAL with EXIT_NO_KEY where refused. */
int ssh_keys_add(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	struct error *err) WARN_UNUSED;

/* Whether a file of this name on a key drive is looked at: authorized_keys, or *.pub in any
 * case; never names that begin with a dot. */
int ssh_keys_is_key_file(const char *name);

/* The text of authorized_keys, each line ended by a newline; the caller frees it. */
char *ssh_keys_text(const struct ssh_keys *keys);

void ssh_keys_free(struct ssh_keys *keys);
