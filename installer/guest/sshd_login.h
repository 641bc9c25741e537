/* SPDX-License-Identifier: MIT */
/*
 * sshd_login — decides from an SSH server's settings in force whether a login by key succeeds.
 *
 * Pure. A keyword that is missing has the default of OpenSSH. sshd_transport decides
 * whether a client reaches the server and agrees with it on algorithms. Formats: sshd_config(5),
 * sshd(8), "AUTHORIZED_KEYS FILE FORMAT".
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/loop/lockout.sh, tests/fuzz/sshd_config.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "guest/sshd_match.h"
#include "guest/sshd_values.h"
#include "input/ssh_key_line.h"

/* The account that logs in, and the keys in its authorized_keys. */
struct sshd_login {
	const char *user;
	const char *home;
	const char *groups; /* names, separated by blanks */
	bool open_home;	    /* users other than the owner and root may write to the home */
	bool locked;	    /* the password field of its shadow entry begins with '!' */
	const struct ssh_key_line *keys;
	size_t key_count;
};

/* 0 if the account may log in from this origin with one of its keys and gets its shell. Else
 * -EACCES and EXIT_VERIFY, the sentence naming the keyword and its value. */
int sshd_login_check(const struct sshd_values *values, const struct sshd_login *login,
	const struct sshd_origin *origin, struct error *err) WARN_UNUSED;

/* Whether the server takes signatures of this key: PubkeyAcceptedAlgorithms, RequiredRSASize. */
bool sshd_login_accepts_key(
	const struct sshd_values *values, const struct ssh_key_line *key) WARN_UNUSED;
