/* SPDX-License-Identifier: MIT */
#include "sshd.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define PATH_BYTES 1024

/* The keywords that decide; NULL where the configuration leaves the default. */
struct keywords {
	char *key_files;
	char *permit_root;
	char *public_key;
	char *allow_users;
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

static void keep_first(char **keyword, char *value)
{
	if (!*keyword)
		*keyword = value;
}

static struct keywords parse(char *text)
{
	struct keywords found = { 0 };
	char *line;

	while ((line = strsep(&text, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r#")] = '\0';
		char *value = split_value(line);

		if (strcasecmp(line, "Match") == 0)
			break;
		if (strcasecmp(line, "AuthorizedKeysFile") == 0)
			keep_first(&found.key_files, value);
		else if (strcasecmp(line, "PermitRootLogin") == 0)
			keep_first(&found.permit_root, value);
		else if (strcasecmp(line, "PubkeyAuthentication") == 0)
			keep_first(&found.public_key, value);
		else if (strcasecmp(line, "AllowUsers") == 0)
			keep_first(&found.allow_users, value);
	}
	return found;
}

/* Whose login is asked for. */
struct login {
	const char *user;
	const char *home;
};

/* Whether one of the words of a list is meant by the test. */
static bool any_word(char *list, bool (*test)(const char *word, const struct login *login),
	const struct login *login)
{
	char *save = NULL;

	for (char *word = strtok_r(list, " \t\"", &save); word;
		word = strtok_r(NULL, " \t\"", &save))
		if (test(word, login))
			return true;
	return false;
}

/* A path of AuthorizedKeysFile: %h and %u stand for home and user, %% for a percent sign; one that
 * is not absolute begins in the home (sshd_config(5), "TOKENS"). */
static void expand(const char *word, const struct login *login, char ret[PATH_BYTES])
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

static bool is_our_key_file(const char *word, const struct login *login)
{
	char path[PATH_BYTES], ours[PATH_BYTES];

	expand(word, login, path);
	expand(".ssh/authorized_keys", login, ours);
	return strcmp(path, ours) == 0;
}

static bool matches_user(const char *word, const struct login *login)
{
	return fnmatch(word, login->user, 0) == 0;
}

static int refuse(const char *keyword, const char *user, struct error *err)
{
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's sshd_config has a %s that keeps %s from logging in with the key.",
		keyword, user);
}

int sshd_config_check(const char *text, const char *user, const char *home, struct error *err)
{
	const struct login login = { .user = user, .home = home };
	AUTO_FREE char *copy = strdup(text);

	if (!copy)
		abort();
	struct keywords found = parse(copy);

	if (found.key_files && !any_word(found.key_files, is_our_key_file, &login))
		return refuse("AuthorizedKeysFile", user, err);
	if (found.public_key && strcasecmp(found.public_key, "yes") != 0)
		return refuse("PubkeyAuthentication", user, err);
	if (found.allow_users && !any_word(found.allow_users, matches_user, &login))
		return refuse("AllowUsers", user, err);
	if (strcmp(user, "root") == 0 && found.permit_root &&
		(strncasecmp(found.permit_root, "no", 3) == 0 ||
			strncasecmp(found.permit_root, "forced", 6) == 0))
		return refuse("PermitRootLogin", user, err);
	return 0;
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
