/* SPDX-License-Identifier: MIT */
#include "sshd.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

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

/* Whether one of the words of a list is meant by the test. */
static bool any_word(char *list, bool (*test)(const char *word, const char *with), const char *with)
{
	char *save = NULL;

	for (char *word = strtok_r(list, " \t\"", &save); word;
		word = strtok_r(NULL, " \t\"", &save))
		if (test(word, with))
			return true;
	return false;
}

static bool is_home_key_file(const char *word, const char *unused)
{
	(void)unused;
	return strcmp(word, ".ssh/authorized_keys") == 0 ||
	       strcmp(word, "%h/.ssh/authorized_keys") == 0;
}

static bool matches_user(const char *word, const char *user)
{
	return fnmatch(word, user, 0) == 0;
}

static int refuse(const char *keyword, const char *user, struct error *err)
{
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's sshd_config has a %s that keeps %s from logging in with the key.",
		keyword, user);
}

int sshd_config_check(const char *text, const char *user, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);

	if (!copy)
		abort();
	struct keywords found = parse(copy);

	if (found.key_files && !any_word(found.key_files, is_home_key_file, NULL))
		return refuse("AuthorizedKeysFile", user, err);
	if (found.public_key && strcasecmp(found.public_key, "yes") != 0)
		return refuse("PubkeyAuthentication", user, err);
	if (found.allow_users && !any_word(found.allow_users, matches_user, user))
		return refuse("AllowUsers", user, err);
	if (strcmp(user, "root") == 0 && found.permit_root &&
		(strncasecmp(found.permit_root, "no", 3) == 0 ||
			strncasecmp(found.permit_root, "forced", 6) == 0))
		return refuse("PermitRootLogin", user, err);
	return 0;
}
