/* SPDX-License-Identifier: MIT */
/*
 * sshd_config — what an SSH server with this configuration will do: whether it looks at the keys we left,
 * and which host keys it wants.
 *
 * Pure. Format: sshd_config(5); keywords before the first Match block, where the first value of a
 * keyword wins, but lists of users and groups add up.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Who is to log in. */
struct sshd_login {
	const char *user;
	const char *home;
	const char *groups; /* their names, with blanks between */
	const char *shell;
	bool open_home; /* others than the user and root may write there */
};

/* 0 if such a user may log in by nothing but a key in ~/.ssh/authorized_keys; else -EACCES with
 * EXIT_VERIFY and what is in the way: mostly a keyword. Who may come from some hosts only may come.
 */
int sshd_config_check(
	const char *text, const struct sshd_login *login, struct error *err) WARN_UNUSED;

enum sshd_host_key {
	SSHD_ED25519 = 1, /* /etc/ssh/ssh_host_ed25519_key */
	SSHD_RSA = 2,	  /* /etc/ssh/ssh_host_rsa_key */
};

/* Those of these host keys that its HostKey lines name, as flags; SSHD_ED25519 if there is no such
 * line, for then the server takes what it finds under these names. */
unsigned sshd_host_keys(const char *text);
