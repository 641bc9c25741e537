/* SPDX-License-Identifier: MIT */
/*
 * boot_accounts — the accounts that a guest creates when it boots, as its manifest lists them.
 *
 * Pure. systemd-sysusers and userborn create accounts at boot, so such a guest has no /etc/passwd
 * when it is installed. The manifest lists root, the accounts with a shell, and sshd.
 *
 * Tested by: tests/unit/test_manifest.c, tests/unit/test_plan.c,
 * tests/loop/boot_accounts.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

#define BOOT_ACCOUNTS_MAX	64
#define BOOT_ACCOUNT_GROUPS_MAX 64
/* Room for the longest lines: group(5) has one for each group of each account, of two names. */
#define BOOT_ACCOUNTS_TEXT_BYTES (BOOT_ACCOUNTS_MAX * (BOOT_ACCOUNT_GROUPS_MAX + 8) * 96)

struct boot_account {
	char name[33];
	bool numbered; /* uid and gid are fixed; else the guest chooses them */
	unsigned uid, gid;
	char group[33]; /* the primary one */
	char groups[BOOT_ACCOUNT_GROUPS_MAX][33];
	size_t group_count;
	char home[256];
	char shell[256];
	bool locked; /* without a password */
};

struct boot_accounts {
	bool used; /* the guest creates its accounts at boot; else its activation has done it */
	struct boot_account list[BOOT_ACCOUNTS_MAX];
	size_t count;
};

/* Parses the array "users" of a manifest; without that member, accounts are not created at boot.
 * Error: -EINVAL, EXIT_CONFIGURATION, naming the member. */
int boot_accounts_parse(
	const struct json_value *root, struct boot_accounts *ret, struct error *err) WARN_UNUSED;

/* root and sshd, as every NixOS with a server has them: for a guest without a manifest. */
void boot_accounts_assume(struct boot_accounts *ret);

/* NULL if there is no such account. */
const struct boot_account *boot_accounts_find(
	const struct boot_accounts *accounts, const char *name);

/* The names of all accounts, with commas between, for a message. */
void boot_accounts_list(const struct boot_accounts *accounts, char *ret, size_t ret_bytes);

/* The texts of passwd(5), group(5) and shadow(5) that these accounts will have, except for numbers
 * that the guest chooses: those are from 60000 on. Each buffer has BOOT_ACCOUNTS_TEXT_BYTES. */
void boot_accounts_passwd(const struct boot_accounts *accounts, char *ret);
void boot_accounts_group(const struct boot_accounts *accounts, char *ret);
void boot_accounts_shadow(const struct boot_accounts *accounts, char *ret);
