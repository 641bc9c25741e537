/* SPDX-License-Identifier: MIT */
#include "guest/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define SHADOW_MAX_BYTES (1024 * 1024)
#define DAY_SECONDS	 86400
#define NO_DAYS		 -1L /* an empty field */

enum shadow_field {
	NAME,
	PASSWORD,
	CHANGED,
	MIN_DAYS,
	MAX_DAYS,
	WARN_DAYS,
	INACTIVE,
	EXPIRES,
	FIELDS
};

/* A number of days; NO_DAYS for a field that is empty or no number. */
static long parse_days(const char *text)
{
	char *end;
	long days = strtol(text, &end, 10);

	return *text && *end == '\0' && days >= 0 ? days : NO_DAYS;
}

static bool split_shadow(char *line, char *fields[FIELDS])
{
	size_t count = 0;

	while (count < FIELDS && (fields[count] = strsep(&line, ":")))
		count++;
	return count == FIELDS;
}

static int refuse_account(struct error *err, const char *user, const char *why)
{
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's account %s %s (/etc/shadow), so it cannot log in.", user, why);
}

/* shadow(5). Linux-PAM's pam_unix compares in the same way. */
static int check_days(char *const fields[FIELDS], const char *user, time_t now, struct error *err)
{
	long today = (long)(now / DAY_SECONDS), expires = parse_days(fields[EXPIRES]);
	long changed = parse_days(fields[CHANGED]), max = parse_days(fields[MAX_DAYS]);

	if (expires != NO_DAYS && today >= expires)
		return refuse_account(err, user, "has expired");
	if (changed == 0)
		return refuse_account(err, user, "has to change its password first");
	if (changed != NO_DAYS && max != NO_DAYS && today > changed && today - changed > max)
		return refuse_account(err, user, "has a password that has expired");
	return 0;
}

int account_check_shadow(
	const char *shadow_text, const char *user, time_t now, bool *ret_locked, struct error *err)
{
	AUTO_FREE char *copy = text_duplicate(shadow_text);
	char *rest = copy, *line, *fields[FIELDS];

	*ret_locked = false;
	while ((line = strsep(&rest, "\n"))) {
		if (!split_shadow(line, fields) || strcmp(fields[NAME], user) != 0)
			continue;
		*ret_locked = fields[PASSWORD][0] == '!';
		return check_days(fields, user, now, err);
	}
	return 0;
}

static int read_shadow(const char *root, const char *user, struct account *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = file_read_inside(root, "/etc/shadow", SHADOW_MAX_BYTES, &text, NULL, err);

	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	return account_check_shadow(text, user, time(NULL), &ret->locked, err);
}

/* OpenSSH, misc.c, safe_path_fd. */
static bool is_open_home(const char *root, const struct nixos_user *owner)
{
	char home[FILE_PATH_BYTES];
	struct error none;
	struct stat st;

	return file_resolve(root, owner->home, home, &none) < 0 || lstat(home, &st) < 0 ||
	       (st.st_uid != 0 && st.st_uid != owner->uid) || (st.st_mode & (S_IWGRP | S_IWOTH));
}

int account_read(const char *root, const char *user, struct account *ret, struct error *err)
{
	int r = nixos_find_user(root, user, &ret->owner, err);

	if (r < 0)
		return r;
	r = nixos_find_groups(root, user, &ret->owner, ret->groups, sizeof(ret->groups), err);
	if (r < 0)
		return r;
	ret->locked = false;
	ret->open_home = is_open_home(root, &ret->owner);
	return read_shadow(root, user, ret, err);
}

/* Programs that end a session at once; NixOS gives them to users of services. */
static bool is_no_shell(const char *shell)
{
	const char *name = file_base_name(shell);

	return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0 ||
	       strcmp(name, "true") == 0;
}

static int check_nologin(
	const char *root, const char *user, const struct account *account, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r;

	if (account->owner.uid == 0)
		return 0;
	r = file_resolve(root, "/etc/nologin", path, err);
	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest has a file /etc/nologin, which keeps every user but root from logging in, %s too: remove it.",
		user);
}

static int look_at_program(const char *root, const char *name, struct stat *ret, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r = file_resolve(root, name, path, err);

	if (r < 0)
		return r;
	if (stat(path, ret) < 0)
		return error_errno(err, -errno, "look at %s", path);
	return 0;
}

int account_check_shell(
	const char *root, const char *user, const struct account *account, struct error *err)
{
	const char *shell = account->owner.shell[0] ? account->owner.shell : "/bin/sh";
	struct stat st;
	int r;

	if (is_no_shell(shell))
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"The guest's user %s has the shell %s, which ends every session at once: give the keys to another user (keys-user).",
			user, shell);
	r = look_at_program(root, shell, &st, err);
	if (r < 0 && !file_is_missing(r))
		return r;
	if (r < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"The guest's user %s has the shell %s, which is no program of the guest: give it one that the system contains.",
			user, shell);
	return check_nologin(root, user, account, err);
}
