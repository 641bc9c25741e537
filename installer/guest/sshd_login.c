/* SPDX-License-Identifier: MIT */
#include "guest/sshd_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define PATH_BYTES	 1024
#define CERTIFICATE_MARK "-cert-v01@"
#define BLANKS		 " \t"
#define COMMANDS_ONLY	 "forced-commands-only"

/* ------------------------------------------------------------------- the key file */

/* Expands a path of AuthorizedKeysFile: %h is the home, %u the user, %% a percent sign; a relative
 * path begins in the home (sshd_config(5), "TOKENS"). */
static void expand_key_path(const char *word, const struct sshd_login *login, char ret[PATH_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	if (word[0] != '/' && !text_starts_with(word, "%h"))
		used = (size_t)snprintf(ret, PATH_BYTES, "%s/", login->home);
	for (; *word && used < PATH_BYTES - 1; word++) {
		const char *value = word[0] != '%'   ? NULL
				    : word[1] == 'h' ? login->home
				    : word[1] == 'u' ? login->user
				    : word[1] == '%' ? "%"
						     : NULL;

		used += (size_t)snprintf(ret + used, PATH_BYTES - used, "%.*s",
			value ? PATH_BYTES : 1, value ? value : word);
		word += value != NULL;
	}
}

typedef bool word_test_fn(
	const char *word, const struct sshd_login *login, const struct sshd_origin *origin);

static bool is_our_key_file(
	const char *word, const struct sshd_login *login, const struct sshd_origin *origin)
{
	char path[PATH_BYTES], ours[PATH_BYTES];

	(void)origin;
	expand_key_path(word, login, path);
	expand_key_path(".ssh/authorized_keys", login, ours);
	return strcmp(path, ours) == 0;
}

/* ------------------------------------------------------------------- lists of words */

/* One method list that consists of a single public key. */
static bool is_key_alone(
	const char *word, const struct sshd_login *login, const struct sshd_origin *origin)
{
	(void)login;
	(void)origin;
	return strcmp(word, "any") == 0 || strcmp(word, "publickey") == 0;
}

static bool is_user_pattern(
	const char *word, const struct sshd_login *login, const struct sshd_origin *origin)
{
	return sshd_match_user(login->user, origin, word);
}

static bool is_group_pattern(
	const char *word, const struct sshd_login *login, const struct sshd_origin *origin)
{
	AUTO_FREE char *groups = text_duplicate(login->groups);
	char *save = NULL;

	(void)origin;
	for (char *group = strtok_r(groups, " ", &save); group; group = strtok_r(NULL, " ", &save))
		if (sshd_match_pattern(group, word))
			return true;
	return false;
}

static bool has_word(const char *list, word_test_fn *test, const struct sshd_login *login,
	const struct sshd_origin *origin)
{
	AUTO_FREE char *copy = text_duplicate(list);
	char *save = NULL;

	for (char *word = strtok_r(copy, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save))
		if (test(word, login, origin))
			return true;
	return false;
}

/* ------------------------------------------------------------------- keys */

/* For an RSA key ssh chooses rsa-sha2-512 and does not try another algorithm when the server
 * refuses that. */
static bool takes_signature(const char *accepted, const char *type)
{
	return sshd_match_list(accepted, strcmp(type, "ssh-rsa") == 0 ? "rsa-sha2-512" : type);
}

bool sshd_login_accepts_key(const struct sshd_values *values, const struct ssh_key_line *key)
{
	const char *accepted = sshd_values_get(values, "pubkeyacceptedalgorithms", NULL);
	const char *size = sshd_values_get(values, "requiredrsasize", "1024");

	/* The name of the keyword up to OpenSSH 8.4. */
	if (!accepted)
		accepted = sshd_values_get(values, "pubkeyacceptedkeytypes", NULL);
	if (key->rsa_bits && key->rsa_bits < strtoul(size, NULL, 10))
		return false;
	if (!accepted)
		return true;
	return key->authority ? strstr(accepted, CERTIFICATE_MARK) != NULL
			      : takes_signature(accepted, key->type);
}

static bool takes_commands_only(const struct sshd_values *values, const struct sshd_login *login)
{
	return strcmp(login->user, "root") == 0 &&
	       strcasecmp(sshd_values_get(values, "permitrootlogin", ""), COMMANDS_ONLY) == 0;
}

/* Whether a client on another machine may log in with one of the keys. */
static bool accepts_any_key(const struct sshd_values *values, const struct sshd_login *login)
{
	bool commands_only = takes_commands_only(values, login);

	for (size_t i = 0; i < login->key_count; i++) {
		const struct ssh_key_line *key = &login->keys[i];

		if (!key->local_only && (key->forced_command || !commands_only) &&
			sshd_login_accepts_key(values, key))
			return true;
	}
	return false;
}

static bool are_all_local(const struct sshd_login *login)
{
	for (size_t i = 0; i < login->key_count; i++)
		if (!login->keys[i].local_only)
			return false;
	return login->key_count > 0;
}

static bool has_forced_command(const struct sshd_login *login)
{
	for (size_t i = 0; i < login->key_count; i++)
		if (login->keys[i].forced_command)
			return true;
	return false;
}

/* ------------------------------------------------------------------- the checks, one a keyword */

static int refuse_value(
	struct error *err, const struct sshd_login *login, const char *keyword, const char *value)
{
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's sshd_config has a %s that keeps %s from logging in with the key: its value is \"%.200s\".",
		keyword, login->user, value);
}

/* Keywords with a list of words, of which one has to pass the test, or none may. The default of
 * each of them lets the user in. */
static const struct list_rule {
	const char *keyword;
	word_test_fn *test;
	bool denies;
} list_rules[] = {
	{ "AuthorizedKeysFile", is_our_key_file, false },
	{ "AuthenticationMethods", is_key_alone, false },
	{ "DenyUsers", is_user_pattern, true },
	{ "AllowUsers", is_user_pattern, false },
	{ "DenyGroups", is_group_pattern, true },
	{ "AllowGroups", is_group_pattern, false },
};

static int check_list(const struct sshd_values *values, const struct list_rule *rule,
	const struct sshd_login *login, const struct sshd_origin *origin, struct error *err)
{
	const char *list, *last = NULL;
	bool found = false;
	size_t at = 0;

	while ((list = sshd_values_next(values, rule->keyword, &at))) {
		found |= has_word(list, rule->test, login, origin);
		last = list;
	}
	if (!last || found != rule->denies)
		return 0;
	return refuse_value(err, login, rule->keyword, last);
}

/* Keywords with one value, and those of its values that let a key holder in. */
static const struct {
	const char *keyword, *fallback;
	const char *good[4];
} single_rules[] = {
	{ "PubkeyAuthentication", "yes", { "yes" } },
	{ "ForceCommand", "none", { "none" } },
	{ "ChrootDirectory", "none", { "none", "/" } },
	{ "RefuseConnection", "no", { "no" } },
};

/* Limits that let no client in when they are zero: the server drops the connection, ends it at the
 * first request for a key, or refuses the session. */
static const char *const limits[] = { "PerSourceMaxStartups", "MaxAuthTries", "MaxSessions" };

static bool is_zero(const char *number)
{
	return number[strspn(number, "0")] == '\0';
}

static int check_singles(
	const struct sshd_values *values, const struct sshd_login *login, struct error *err)
{
	for (size_t i = 0; i < sizeof(single_rules) / sizeof(single_rules[0]); i++) {
		const char *value = sshd_values_get(
			values, single_rules[i].keyword, single_rules[i].fallback);

		if (!text_is_one_of_any_case(value, single_rules[i].good))
			return refuse_value(err, login, single_rules[i].keyword, value);
	}
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (is_zero(sshd_values_get(values, limits[i], "none")))
			return refuse_value(err, login, limits[i], "0");
	return 0;
}

static int check_root(
	const struct sshd_values *values, const struct sshd_login *login, struct error *err)
{
	const char *permit = sshd_values_get(values, "PermitRootLogin", "prohibit-password");

	if (strcmp(login->user, "root") != 0 || strcasecmp(permit, "yes") == 0 ||
		strcasecmp(permit, "prohibit-password") == 0 ||
		strcasecmp(permit, "without-password") == 0)
		return 0;
	if (strcasecmp(permit, COMMANDS_ONLY) == 0 && has_forced_command(login))
		return 0;
	return refuse_value(err, login, "PermitRootLogin", permit);
}

/* sshd(8), "AUTHORIZED_KEYS FILE FORMAT", ~/.ssh/authorized_keys, for the home; OpenSSH, auth.c,
 * allowed_user, for the locked account. */
static int check_account(
	const struct sshd_values *values, const struct sshd_login *login, struct error *err)
{
	if (login->open_home &&
		strcasecmp(sshd_values_get(values, "StrictModes", "yes"), "no") != 0)
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"Others than %s may write to %s in the guest, so its SSH server will not take the key (StrictModes).",
			login->user, login->home);
	if (login->locked && strcasecmp(sshd_values_get(values, "UsePAM", "no"), "yes") != 0)
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"The guest's account %s is locked (its password in /etc/shadow begins with \"!\"), and its SSH server refuses locked accounts without PAM: set UsePAM to yes, or the password to \"*\".",
			login->user);
	return 0;
}

static int check_keys(
	const struct sshd_values *values, const struct sshd_login *login, struct error *err)
{
	if (accepts_any_key(values, login))
		return 0;
	if (are_all_local(login))
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"The keys given for %s have from= with loopback addresses only, so that no other machine can log in: give one without it.",
			login->user);
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's SSH server takes none of the keys given for %s: PubkeyAcceptedAlgorithms is \"%.300s\" and RequiredRSASize is %s. Give a key of another type, or change the guest.",
		login->user, sshd_values_get(values, "PubkeyAcceptedAlgorithms", "the default"),
		sshd_values_get(values, "RequiredRSASize", "1024"));
}

int sshd_login_check(const struct sshd_values *values, const struct sshd_login *login,
	const struct sshd_origin *origin, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(list_rules) / sizeof(list_rules[0]) && r == 0; i++)
		r = check_list(values, &list_rules[i], login, origin, err);
	if (r < 0)
		return r;
	r = check_singles(values, login, err);
	if (r < 0)
		return r;
	r = check_root(values, login, err);
	if (r < 0)
		return r;
	r = check_account(values, login, err);
	if (r < 0)
		return r;
	return check_keys(values, login, err);
}
