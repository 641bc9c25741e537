/* SPDX-License-Identifier: MIT */
/*
 * account — whether a user of the guest may log in at all: its shell, and its shadow entry.
 *
 * It reads files below the target's root and does not know SSH. Formats: passwd(5), shadow(5).
 *
 * Tested by: tests/unit/test_nixos.c, tests/loop/lockout.sh, tests/fuzz/account.c.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/error.h"
#include "guest/nixos.h"

#define ACCOUNT_GROUPS_BYTES 4096

struct account {
	struct nixos_user owner;
	char groups[ACCOUNT_GROUPS_BYTES]; /* names, separated by blanks */
	bool locked;			   /* the password begins with '!' */
	bool open_home; /* users other than the owner and root may write to the home */
};

/* Reads the user. Without a shadow file the account is not locked. */
int account_read(
	const char *root, const char *user, struct account *ret, struct error *err) WARN_UNUSED;

/* 0 if the shadow entry of the user in this text admits a login at this time. Else -EACCES with
 * EXIT_VERIFY: expired, or the password has to be changed first. A user without entry passes. */
int account_check_shadow(const char *shadow_text, const char *user, time_t now, bool *ret_locked,
	struct error *err) WARN_UNUSED;

/* 0 if the user's shell is a program of the guest that stays. /run/current-system has to lead to
 * the system in root while this is called. */
int account_check_shell(const char *root, const char *user, const struct account *account,
	struct error *err) WARN_UNUSED;
