/* SPDX-License-Identifier: MIT */
/*
 * sshd_values — decides from an SSH server's settings in force whether a login by key succeeds.
 *
 * Pure. It takes the text that `sshd -T` prints, where comments, quotes, Include and Match blocks
 * are resolved already, and does not read sshd_config itself. A keyword that is missing has the
 * default of OpenSSH. Formats: sshd(8), -T, sshd_config(5).
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/loop/lockout.sh, tests/fuzz/sshd_config.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "guest/sshd_match.h"
#include "input/ssh_key_line.h"

struct sshd_values {
	char *text; /* cut into lines and keywords */
	struct sshd_value {
		const char *keyword, *value;
	} * lines;
	size_t count;
};

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

/* Takes lines of "keyword value"; keywords are compared without case. */
void sshd_values_parse(const char *text, struct sshd_values *ret);
void sshd_values_free(struct sshd_values *values);

/* The value of the first line with this keyword; fallback if there is none. */
const char *sshd_values_get(
	const struct sshd_values *values, const char *keyword, const char *fallback) WARN_UNUSED;

/* The next line with this keyword from index *at on, which moves behind it; NULL at the end. */
const char *sshd_values_next(
	const struct sshd_values *values, const char *keyword, size_t *at) WARN_UNUSED;

/* 0 if the account may log in from this origin with one of its keys and gets its shell. Else
 * -EACCES and EXIT_VERIFY, the sentence naming the keyword and its value. */
int sshd_values_check_login(const struct sshd_values *values, const struct sshd_login *login,
	const struct sshd_origin *origin, struct error *err) WARN_UNUSED;

/* Whether the server takes signatures of this key: PubkeyAcceptedAlgorithms, RequiredRSASize. */
bool sshd_values_accept_key(
	const struct sshd_values *values, const struct ssh_key_line *key) WARN_UNUSED;

/* 0 if the server listens on an address that another machine can reach; else -EACCES. */
int sshd_values_check_listen(const struct sshd_values *values, struct error *err) WARN_UNUSED;

/* Whether HostKeyAlgorithms has an algorithm for host keys of this type ("ssh-ed25519"). */
bool sshd_values_offer_host_key(const struct sshd_values *values, const char *type) WARN_UNUSED;

/* The first port that the server listens on. */
unsigned sshd_values_port(const struct sshd_values *values) WARN_UNUSED;
