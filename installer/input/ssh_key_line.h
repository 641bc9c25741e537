/* SPDX-License-Identifier: MIT */
/*
 * ssh_key_line — parses and checks one line of authorized_keys.
 *
 * Pure. Format: sshd(8), "AUTHORIZED_KEYS FILE FORMAT", the blob: RFC 4253, section 6.6, RFC 5656,
 * RFC 8709, OpenSSH's PROTOCOL.certkeys and PROTOCOL.u2f. A line that every sshd ignores is
 * refused, because it would lock the owner out. Whether the guest's sshd accepts the key is decided
 * by sshd_login.
 *
 * Tested by: tests/unit/test_ssh_keys.c, tests/loop/authorized_keys.sh, tests/fuzz/ssh_keys.c,
 * tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"

struct ssh_key_line {
	char *options;	 /* as written, empty if there are none */
	char *type;	 /* "ssh-ed25519" */
	char *blob;	 /* base64 */
	char *comment;	 /* empty if there is none */
	bool known_type; /* false: only newer SSH servers may know it; the blob is not checked */
	bool authority, forced_command; /* options cert-authority and command= */
	bool local_only; /* option from= with loopback addresses only: no other machine may use it */
	time_t expires;	 /* option expiry-time=; 0: never */
	unsigned rsa_bits; /* of an RSA key, else 0 */
};

/* Takes a trimmed line apart in place; ret points into it. Error: EXIT_NO_KEY, the sentence as
 * "is …" or "has …", for a caller that knows the line's place. -EINVAL for what is malformed,
 * -EKEYREJECTED for a well-formed certificate. */
int ssh_key_line_parse(char *text, struct ssh_key_line *ret, struct error *err) WARN_UNUSED;
