/* SPDX-License-Identifier: MIT */
/*
 * ssh_key_line — one line of authorized_keys taken apart and checked.
 *
 * Pure. Format: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; the blob: RFC 4253, section 6.6, RFC 5656,
 * RFC 8709, OpenSSH's PROTOCOL.certkeys and PROTOCOL.u2f. Only what today's sshd would take is
 * accepted: a line it ignores would lock the owner out.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct ssh_key_line {
	char *options; /* as written, empty if there are none */
	char *type;    /* "ssh-ed25519" */
	char *blob;    /* base64 */
	char *comment; /* empty if there is none */
};

/* Takes a trimmed line apart in place; ret points into it. Error: -EINVAL with EXIT_NO_KEY, the
 * sentence as "is …" or "has …", for a caller that knows the line's place. */
int ssh_key_line_parse(char *line, struct ssh_key_line *ret, struct error *err) WARN_UNUSED;
