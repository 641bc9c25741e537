/* SPDX-License-Identifier: MIT */
/*
 * host_key_file — checks an SSH host key that is given as a private key of OpenSSH, and derives its
 * public key.
 *
 * Pure. Format: OpenSSH's PROTOCOL.key, RFC 8709, RFC 8332 and RFC 5656 for the public part. Line
 * ends, a BOM and a missing last newline, which ssh-keygen does not forgive, are repaired. A key
 * that sshd could not load without asking for a passphrase is refused, and so is every other form
 * than OpenSSH's own. Of ed25519 the public key is computed from the private one; whether the
 * private numbers of other types belong to the public ones is decided by the guest's ssh-keygen
 * (host_keys).
 *
 * Tested by: tests/unit/test_host_key_file.c, tests/loop/identity.sh, tests/fuzz/host_key_file.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define HOST_KEY_NAME_BYTES 64
#define HOST_KEYS_GIVEN_MAX 8

/* One key pair. */
struct host_key_pair {
	char name[HOST_KEY_NAME_BYTES]; /* of the private file: "ssh_host_ed25519_key" */
	char *private_text;		/* as ssh-keygen writes it; from malloc */
	char *public_text;		/* "ssh-ed25519 AAAA… comment\n"; from malloc */
	size_t public_bytes;		/* of "ssh-ed25519 AAAA…" at the start of public_text */
};

/* All host keys that are given to this guest. */
struct given_host_keys {
	struct host_key_pair pairs[HOST_KEYS_GIVEN_MAX];
	size_t count;
};

enum host_key_part {
	HOST_KEY_OTHER,	  /* no name of a host key */
	HOST_KEY_PRIVATE, /* ssh_host_*_key */
	HOST_KEY_PUBLIC,  /* ssh_host_*_key.pub */
};

/* What a file of this name is, in any case of letters. */
enum host_key_part host_key_file_part(const char *name);

/* Reads a private key from a text with a NUL after it. place stands in errors, as in "PLACE is
 * encrypted". The name of the pair is the last part of name in lower case if that is a host key's,
 * else that which sshd expects for the key's type. EXIT_NO_KEY if the file cannot be taken. */
int host_key_file_read(const char *place, const char *name, const char *text, size_t size_bytes,
	struct host_key_pair *ret, struct error *err) WARN_UNUSED;

/* Compares the text of a public key's file with the pair. EXIT_NO_KEY if it is another key. */
int host_key_file_check_public(const struct host_key_pair *pair, const char *place,
	const char *text, struct error *err) WARN_UNUSED;

/* The pair of this name; NULL for none, and if given is NULL. */
const struct host_key_pair *host_key_file_find(
	const struct given_host_keys *given, const char *name);
