/* SPDX-License-Identifier: MIT */
#include "config/merge.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"
#include "config/key_table.h"

#define LINE_BYTES	    MERGE_WORD_BYTES
#define COMMAND_LINE_PREFIX "guest-installer."
#define COMMAND_LINE_SOURCE "the kernel command line"
#define SECRET_BASE64_CHARS 86 /* of the 64 bytes of a secret key; a public one has 32 */

static void report_unknown_key(struct config *config, const char *where, const char *name)
{
	enum config_key near = key_table_nearest(name);

	if (near == CONFIG_KEY_COUNT)
		config_add_error(config, "%s: there is no key \"%.64s\"", where, name);
	else
		config_add_error(config, "%s: there is no key \"%.64s\", \"%s\" was probably meant",
			where, name, config_keys[near].name);
}

/* The process list, the console or a log shows what is set there. */
static bool is_public(const char *where)
{
	return strcmp(where, COMMAND_LINE_SOURCE) == 0 || strcmp(where, MERGE_SET_SOURCE) == 0;
}

/* A text that may begin with the name of a secret key, as far as an error may show it. */
static const char *shown(const char *text)
{
	const char *secret = config_keys[KEY_REPORT_TOKEN].name;

	return text_starts_with(text, secret) ? secret : text;
}

/* An error about the value of the secret does not repeat it. */
static void refuse_secret(struct config *config, const char *where)
{
	const struct config_key_info *info = &config_keys[KEY_REPORT_TOKEN];

	if (is_public(where))
		config_add_error(config,
			"%s: %s is a secret, which other processes or a console can see there: write it into a file, such as guest-installer.conf on the key drive",
			where, info->name);
	else
		config_add_error(config, "%s: %s has a value that it cannot have: it can be %s",
			where, info->name, info->values);
}

/* Whether the text has the secret half of a signing key, NAME:BASE64 as `nix key generate-secret`
 * prints it. */
static bool has_secret_key(const char *text)
{
	while ((text = strchr(text, ':')))
		if (base64_digits(++text) >= SECRET_BASE64_CHARS)
			return true;
	return false;
}

/* The error says the value, unless it is a secret. */
static void refuse_setting(
	struct config *config, const char *where, enum config_key key, const char *text)
{
	const struct config_key_info *info = &config_keys[key];

	if (!*text)
		config_add_error(
			config, "%s: %s is empty: it can be %s", where, info->name, info->values);
	else if (key == KEY_TRUSTED_KEYS && has_secret_key(text))
		config_add_error(config,
			"%s: %s has a secret key: give the public one, which nix key convert-secret-to-public prints",
			where, info->name);
	else
		config_add_error(config, "%s: %s cannot be \"%.200s\": it can be %s", where,
			info->name, text, info->values);
}

/* Sets one key. Returns it, or CONFIG_KEY_COUNT if there is no such key. */
static enum config_key set(
	struct config *config, const char *where, const char *name, const char *text)
{
	enum config_key key = key_table_find(name);

	if (key == CONFIG_KEY_COUNT) {
		report_unknown_key(config, where, name);
		return key;
	}
	/* A refused value counts as given too: it is not also missing. */
	config->given[key] = true;
	if (!(key == KEY_REPORT_TOKEN && is_public(where)) && key_table_set(config, key, text) == 0)
		return key;
	if (key == KEY_REPORT_TOKEN)
		refuse_secret(config, where);
	else
		refuse_setting(config, where, key, text);
	return key;
}

static bool value_has_control_characters(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return true;
	return false;
}

/* Cuts off a comment: a # at the start of the line or after a blank. */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++) {
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			return;
		}
	}
}

/* One line of a file; seen[key] is the line on which this file has already set a key, or 0. */
static void merge_line(struct config *config, const char *source, unsigned number, char *line,
	unsigned seen[CONFIG_KEY_COUNT])
{
	char where[256];
	char *equals;
	enum config_key key;

	snprintf(where, sizeof(where), "%.200s:%u", source, number);
	cut_comment(line);
	line = text_trim(line);
	if (!*line)
		return;
	equals = strchr(line, '=');
	if (!equals) {
		config_add_error(
			config, "%s: \"%.64s\" is not of the form key = value", where, shown(line));
		return;
	}
	*equals = '\0';
	line = text_trim(line);
	key = key_table_find(line);
	if (key != CONFIG_KEY_COUNT && seen[key]) {
		config_add_error(config, "%s: %s is set a second time, after line %u", where, line,
			seen[key]);
		return;
	}
	key = set(config, where, line, text_trim(equals + 1));
	if (key != CONFIG_KEY_COUNT)
		seen[key] = number;
}

/* Copies one line of a file without its end and sees that it is text. */
static int copy_line(struct config *config, const char *source, unsigned number, const char *text,
	size_t length, char ret[LINE_BYTES])
{
	if (length && text[length - 1] == '\r')
		length--;
	if (length >= LINE_BYTES) {
		config_add_error(config, "%s:%u: the line is longer than %d bytes", source, number,
			LINE_BYTES - 1);
		return -EINVAL;
	}
	memcpy(ret, text, length);
	ret[length] = '\0';
	if (strlen(ret) != length || value_has_control_characters(ret)) {
		config_add_error(config,
			"%s:%u: the line has control characters, so this is no text", source,
			number);
		return -EINVAL;
	}
	return 0;
}

void merge_text(struct config *config, const char *source, const char *text, size_t size_bytes)
{
	unsigned seen[CONFIG_KEY_COUNT] = { 0 };
	const char *end = text + size_bytes;
	char line[LINE_BYTES];

	text += text_bom_bytes(text, size_bytes);
	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		if (copy_line(config, source, number, text, length, line) == 0)
			merge_line(config, source, number, line, seen);
		text = newline ? newline + 1 : end;
	}
}

/* Whether a word begins as a setting does, but for its case or _ for -, which the kernel takes for
 * the same in the names of modules. */
static bool has_similar_prefix(const char *word)
{
	for (const char *p = COMMAND_LINE_PREFIX; *p; p++, word++)
		if (tolower((unsigned char)*word) != *p && !(*p == '-' && *word == '_'))
			return false;
	return true;
}

/* One word of the kernel command line, without its quotes. */
static void merge_word(struct config *config, char *word)
{
	char *equals;

	if (!text_starts_with(word, COMMAND_LINE_PREFIX)) {
		if (has_similar_prefix(word))
			config_add_error(config,
				"%s: \"%.32s\" begins with another word than " COMMAND_LINE_PREFIX
				", which was probably meant",
				COMMAND_LINE_SOURCE, word);
		return;
	}
	word += strlen(COMMAND_LINE_PREFIX);
	equals = strchr(word, '=');
	if (equals)
		*equals = '\0';
	/* No keys: the service of a NixOS ISO reads the one word, embedded_word.c the other. */
	if (strcmp(word, "disable") == 0 || strcmp(word, "embedded") == 0)
		return;
	if (value_has_control_characters(word) ||
		(equals && value_has_control_characters(equals + 1)))
		config_add_error(config, "%s: the value of \"%.64s\" has control characters",
			COMMAND_LINE_SOURCE, word);
	else if (equals)
		set(config, COMMAND_LINE_SOURCE, word, text_trim(equals + 1));
	else if (key_table_find(word) == CONFIG_KEY_COUNT)
		report_unknown_key(config, COMMAND_LINE_SOURCE, word);
	else
		config_add_error(config, "%s: %s has no value: it can be %s", COMMAND_LINE_SOURCE,
			word, config_keys[key_table_find(word)].values);
}

bool merge_next_word(const char **text, char ret[MERGE_WORD_BYTES])
{
	const char *p = *text;
	size_t length = 0;
	bool quoted = false;

	while (isspace((unsigned char)*p))
		p++;
	if (!*p)
		return false;
	for (; *p && (quoted || !isspace((unsigned char)*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (length < LINE_BYTES - 1)
			ret[length++] = *p;
	}
	ret[length] = '\0';
	*text = p;
	return true;
}

void merge_kernel_ip(
	struct config *config, const char *command_line, char ret_ignored[MERGE_IGNORED_BYTES])
{
	char word[LINE_BYTES];

	*ret_ignored = '\0';
	while (merge_next_word(&command_line, word)) {
		if (!text_starts_with(word, "ip="))
			continue;
		if (key_table_set(config, KEY_IP, word + strlen("ip=")) == 0)
			config->given[KEY_IP] = true;
		else
			snprintf(ret_ignored, MERGE_IGNORED_BYTES, "%.*s", MERGE_IGNORED_BYTES - 1,
				word);
	}
}

void merge_command_line(struct config *config, const char *command_line)
{
	char word[LINE_BYTES];

	while (merge_next_word(&command_line, word))
		merge_word(config, word);
}

void merge_option(struct config *config, const char *source, const char *assignment)
{
	char line[LINE_BYTES];
	char *equals;

	if (text_copy(line, sizeof(line), assignment) < 0 || value_has_control_characters(line)) {
		config_add_error(
			config, "%s: an assignment has control characters or is too long", source);
		return;
	}
	equals = strchr(line, '=');
	if (!equals) {
		config_add_error(
			config, "%s: \"%.64s\" is not of the form key=value", source, shown(line));
		return;
	}
	*equals = '\0';
	set(config, source, text_trim(line), text_trim(equals + 1));
}

void merge_setting(struct config *config, const char *source, enum config_key key, const char *text)
{
	set(config, source, config_keys[key].name, text);
}
