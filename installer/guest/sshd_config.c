/* SPDX-License-Identifier: MIT */
#include "guest/sshd_config.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define PATH_BYTES 1024

/* The keywords that decide. */
enum keyword {
	KEY_FILES,
	PERMIT_ROOT,
	PUBLIC_KEY,
	METHODS,
	STRICT_MODES,
	DENY_USERS,
	ALLOW_USERS,
	DENY_GROUPS,
	ALLOW_GROUPS,
	KEYWORD_COUNT,
};

static const char *const keyword_names[KEYWORD_COUNT] = { "AuthorizedKeysFile", "PermitRootLogin",
	"PubkeyAuthentication", "AuthenticationMethods", "StrictModes", "DenyUsers", "AllowUsers",
	"DenyGroups", "AllowGroups" };

/* Their values; NULL where the configuration leaves the default. */
struct keywords {
	char *values[KEYWORD_COUNT];
};

/* Splits "Keyword value" or "Keyword=value" in place. */
static char *split_value(char *line)
{
	char *value = line + strcspn(line, " \t=");

	if (*value == '\0')
		return value;
	*value++ = '\0';
	return value + strspn(value, " \t=");
}

/* The first value wins, but lists add up. */
static void keep_first(struct keywords *keywords, enum keyword keyword, const char *value)
{
	char **kept = &keywords->values[keyword], *before = *kept;

	if (before && keyword < DENY_USERS)
		return;
	if (asprintf(kept, "%s%s%s", before ? before : "", before ? " " : "", value) < 0)
		abort();
	free(before);
}

static void free_keywords(struct keywords *keywords)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		free(keywords->values[i]);
}

static void parse_sshd_config(char *text, struct keywords *ret)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r#")] = '\0';
		char *value = split_value(line);

		if (strcasecmp(line, "Match") == 0)
			break;
		for (size_t i = 0; i < KEYWORD_COUNT; i++)
			if (strcasecmp(line, keyword_names[i]) == 0)
				keep_first(ret, (enum keyword)i, value);
	}
}

typedef bool test_fn(const char *word, const struct sshd_login *login);

/* Whether one of the words of a list is meant by the test. */
static bool any_word(const char *list, test_fn *test, const struct sshd_login *login)
{
	AUTO_FREE char *copy = strdup(list);
	char *save = NULL;

	if (!copy)
		abort();
	for (char *word = strtok_r(copy, " \t\"", &save); word;
		word = strtok_r(NULL, " \t\"", &save))
		if (test(word, login))
			return true;
	return false;
}

/* A path of AuthorizedKeysFile: %h and %u stand for home and user, %% for a percent sign; one that
 * is not absolute begins in the home (sshd_config(5), "TOKENS"). */
static void expand(const char *word, const struct sshd_login *login, char ret[PATH_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	if (word[0] != '/' && strncmp(word, "%h", 2) != 0)
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

static bool is_our_key_file(const char *word, const struct sshd_login *login)
{
	char path[PATH_BYTES], ours[PATH_BYTES];

	expand(word, login, path);
	expand(".ssh/authorized_keys", login, ours);
	return strcmp(path, ours) == 0;
}

/* One step of a method list is all that a key can take. */
static bool is_key_alone(const char *word, const struct sshd_login *login)
{
	(void)login;
	return strcasecmp(word, "any") == 0 || strcmp(word, "publickey") == 0;
}

/* USER or USER@HOST, of which only the user can be told now. */
static bool matches_user(const char *word, const struct sshd_login *login)
{
	AUTO_FREE char *pattern = strndup(word, strcspn(word, "@"));

	if (!pattern)
		abort();
	return fnmatch(pattern, login->user, 0) == 0;
}

static bool matches_user_anywhere(const char *word, const struct sshd_login *login)
{
	return !strchr(word, '@') && matches_user(word, login);
}

static bool is_in_group(const char *pattern, const struct sshd_login *login)
{
	AUTO_FREE char *groups = strdup(login->groups);
	char *save = NULL;

	if (!groups)
		abort();
	for (char *group = strtok_r(groups, " ", &save); group; group = strtok_r(NULL, " ", &save))
		if (fnmatch(pattern, group, 0) == 0)
			return true;
	return false;
}

/* Whether a list that is there has nothing that the test means. */
static bool lacks(const struct keywords *keywords, enum keyword keyword, test_fn *test,
	const struct sshd_login *login)
{
	const char *list = keywords->values[keyword];

	return list && !any_word(list, test, login);
}

static bool has(const struct keywords *keywords, enum keyword keyword, test_fn *test,
	const struct sshd_login *login)
{
	const char *list = keywords->values[keyword];

	return list && any_word(list, test, login);
}

static bool refuses_root(const char *permit)
{
	return permit &&
	       (strncasecmp(permit, "no", 3) == 0 || strncasecmp(permit, "forced", 6) == 0);
}

/* sshd(8), "AUTHORIZED_KEYS FILE FORMAT", ~/.ssh/authorized_keys: it wants a home that nobody else
 * can write. */
static bool distrusts_home(const struct keywords *found, const struct sshd_login *login)
{
	const char *strict = found->values[STRICT_MODES];

	return login->open_home && !(strict && strcasecmp(strict, "no") == 0);
}

/* A shell that ends at once, as NixOS gives to users of services. */
static bool is_no_shell(const char *shell)
{
	const char *name = strrchr(shell, '/');

	name = name ? name + 1 : shell;
	return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0;
}

/* The keyword that keeps the user out; KEYWORD_COUNT if none does. */
static enum keyword find_obstacle(const struct keywords *found, const struct sshd_login *login)
{
	const char *public_key = found->values[PUBLIC_KEY];

	if (lacks(found, KEY_FILES, is_our_key_file, login))
		return KEY_FILES;
	if (public_key && strcasecmp(public_key, "yes") != 0)
		return PUBLIC_KEY;
	if (lacks(found, METHODS, is_key_alone, login))
		return METHODS;
	if (distrusts_home(found, login))
		return STRICT_MODES;
	if (has(found, DENY_USERS, matches_user_anywhere, login))
		return DENY_USERS;
	if (lacks(found, ALLOW_USERS, matches_user, login))
		return ALLOW_USERS;
	if (has(found, DENY_GROUPS, is_in_group, login))
		return DENY_GROUPS;
	if (lacks(found, ALLOW_GROUPS, is_in_group, login))
		return ALLOW_GROUPS;
	return strcmp(login->user, "root") == 0 && refuses_root(found->values[PERMIT_ROOT])
		       ? PERMIT_ROOT
		       : KEYWORD_COUNT;
}

int sshd_config_check(const char *text, const struct sshd_login *login, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	CLEANUP(free_keywords) struct keywords found = { 0 };
	enum keyword obstacle;

	if (!copy)
		abort();
	parse_sshd_config(copy, &found);
	if (is_no_shell(login->shell))
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"The guest's user %s has the shell %s, which lets nobody in: give the keys "
			"to another one (keys-user).",
			login->user, login->shell);
	obstacle = find_obstacle(&found, login);
	if (obstacle == KEYWORD_COUNT)
		return 0;
	if (obstacle == STRICT_MODES)
		return error_set_code(err, EXIT_VERIFY, -EACCES,
			"Others than %s may write to %s in the guest, so its SSH server will not "
			"take the key (StrictModes).",
			login->user, login->home);
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's sshd_config has a %s that keeps %s from logging in with the key.",
		keyword_names[obstacle], login->user);
}

/* HostKey may stand more than once, and all count. */
unsigned sshd_host_keys(const char *text)
{
	AUTO_FREE char *copy = strdup(text);
	unsigned wanted = 0;
	bool named = false;
	char *rest = copy, *line;

	if (!copy)
		abort();
	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r#")] = '\0';
		char *value = split_value(line);

		if (strcasecmp(line, "Match") == 0)
			break;
		if (strcasecmp(line, "HostKey") != 0)
			continue;
		named = true;
		value += *value == '"';
		value[strcspn(value, " \t\"")] = '\0';
		if (strcmp(value, "/etc/ssh/ssh_host_ed25519_key") == 0)
			wanted |= SSHD_ED25519;
		else if (strcmp(value, "/etc/ssh/ssh_host_rsa_key") == 0)
			wanted |= SSHD_RSA;
	}
	return named ? wanted : SSHD_ED25519;
}
