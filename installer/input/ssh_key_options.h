/* SPDX-License-Identifier: MIT */
/*
 * ssh_key_options — checks the options before a key in authorized_keys as an SSH server does.
 *
 * Pure. A server ignores a line whose options it cannot parse, so each form that it refuses is
 * refused here. Format: sshd(8), "AUTHORIZED_KEYS FILE FORMAT", the details follow OpenSSH's
 * auth-options.c.
 *
 * Tested by: tests/unit/test_ssh_keys.c, tests/loop/authorized_keys.sh, tests/fuzz/ssh_keys.c.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/error.h"

struct ssh_key_options {
	bool authority;	     /* cert-authority: the key signs certificates and does not log in */
	bool forced_command; /* command= */
	bool local_only;     /* from= with loopback addresses only */
	time_t expires;	     /* expiry-time= in UTC; 0: none */
};

/* text: all options of a line, comma-separated, without the blank behind them. Error: -EINVAL and
 * EXIT_NO_KEY, the sentence as "has …" for a caller that knows the line's place. */
int ssh_key_options_parse(
	const char *text, struct ssh_key_options *ret, struct error *err) WARN_UNUSED;
