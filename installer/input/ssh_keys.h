/* SPDX-License-Identifier: MIT */
/*
 * ssh_keys — collects SSH public keys from texts into one authorized_keys (sshd(8),
 * "AUTHORIZED_KEYS FILE FORMAT").
 *
 * Pure. CRLF, a BOM and a missing last newline are repaired, comments, empty lines and duplicates
 * (same type and blob) are dropped, options are kept. A line that no SSH server takes is left out
 * with a warning if its file has a good line, and is an error otherwise. A private key is always an
 * error. ssh_key_line checks the single line.
 *
 * Tested by: tests/unit/test_ssh_keys.c, tests/loop/authorized_keys.sh, tests/fuzz/ssh_keys.c.
 */
#pragma once

#include <stddef.h>
#include <time.h>

#include "base/error.h"

#define KEY_FILE_MAX_BYTES    (256 * 1024)
#define KEYS_MAX	      1024
#define SSH_KEYS_WARNINGS_MAX 32

struct ssh_keys {
	char *lines[KEYS_MAX]; /* without newline */
	size_t count;
	char *warnings[SSH_KEYS_WARNINGS_MAX]; /* sentences; further ones are dropped */
	size_t warning_count;
	time_t now; /* keys that expired before it are refused; 0: none are */
};

/* Adds the keys of one file; name stands in errors and warnings. -EINVAL with EXIT_NO_KEY if the
 * file is refused, -EPERM if it holds something else, such as a private key; no key of it is added
 * then. A file that holds nothing but certificates and expired keys adds warnings only. */
int ssh_keys_add(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	struct error *err) WARN_UNUSED;

/* Keeps a sentence for the caller to warn by. */
void ssh_keys_warn(struct ssh_keys *keys, const char *sentence);

/* Whether a file of this name on a key drive is read: authorized_keys, or *.pub in any case; never
 * names that begin with a dot. */
int ssh_keys_is_key_file(const char *name);

/* The text of authorized_keys, each line ended by a newline; the caller frees it. */
char *ssh_keys_text(const struct ssh_keys *keys);

void ssh_keys_free(struct ssh_keys *keys);
