/* SPDX-License-Identifier: MIT */
#include "input/ssh_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "input/ssh_key_line.h"

#define LINE_MAX_BYTES 8192 /* sshd(8): "up to a limit of 8 kilobytes" */

/* First words of files that are no public keys in OpenSSH's form, and what they are. */
static const struct {
	const char *start;
	const char *what;
} foreign[] = {
	{ "PuTTY-User-Key-File-",
		"is a private key of PuTTY: keep it to yourself, and put the public key here" },
	{ "---- BEGIN SSH2 PUBLIC KEY",
		"is a public key in RFC 4716 form: convert it with ssh-keygen -i -f" },
	{ "-----BEGIN", "is a PEM file and no line of authorized_keys: use the .pub file that "
			"ssh-keygen made" },
};

static int refuse_file(struct error *err, const char *name, const char *what)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL, "%s %s", name, what);
}

static int refuse_foreign(const char *name, const char *line, struct error *err)
{
	if (text_starts_with(line, "-----BEGIN ") && strstr(line, "PRIVATE KEY"))
		return refuse_file(err, name,
			"is a private key: keep it to yourself, and put the public key (.pub) "
			"here");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (text_starts_with(line, foreign[i].start))
			return refuse_file(err, name, foreign[i].what);
	return 0;
}

/* Whether a key of this type and blob is there already. */
static bool is_known_key(const struct ssh_keys *keys, const struct ssh_key_line *wanted)
{
	for (size_t i = 0; i < keys->count; i++) {
		AUTO_FREE char *copy = text_duplicate(keys->lines[i]);
		struct ssh_key_line line;
		struct error ignored;

		if (ssh_key_line_parse(copy, &line, &ignored) == 0 &&
			strcmp(line.type, wanted->type) == 0 &&
			strcmp(line.blob, wanted->blob) == 0)
			return true;
	}
	return false;
}

/* Copies a line without its end, and without blanks at both ends. */
static char *copy_trimmed(const char *text, size_t length)
{
	while (length && (isspace((unsigned char)text[length - 1])))
		length--;
	while (length && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	return text_duplicate_bytes(text, length);
}

/* Whether there are characters that no text has; CR is one unless the line ends behind it. */
static bool line_has_control_characters(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!iscntrl((unsigned char)text[i]) || text[i] == '\t' || text[i] == '\n')
			continue;
		if (text[i] != '\r' || (i + 1 < length && text[i + 1] != '\n'))
			return true;
	}
	return false;
}

void ssh_keys_warn(struct ssh_keys *keys, const char *sentence)
{
	if (keys->warning_count < SSH_KEYS_WARNINGS_MAX)
		keys->warnings[keys->warning_count++] = text_duplicate(sentence);
}

static int check_expiry(
	const struct ssh_keys *keys, const struct ssh_key_line *line, struct error *err)
{
	struct tm parts;
	char date[32];

	if (!line->expires || !keys->now || line->expires >= keys->now)
		return 0;
	gmtime_r(&line->expires, &parts);
	strftime(date, sizeof(date), "%Y-%m-%d", &parts);
	return error_set_code(err, EXIT_NO_KEY, -EKEYREJECTED,
		"has a key that has expired (expiry-time, %s)", date);
}

static void warn_of_type(struct ssh_keys *keys, const char *place, const struct ssh_key_line *line)
{
	char sentence[300];

	snprintf(sentence, sizeof(sentence),
		"%.150s has a key of the type %.64s, which only newer SSH servers know.", place,
		line->type);
	ssh_keys_warn(keys, sentence);
}

/* Adds one line. 1 if it has a key, a duplicate perhaps; 0 for an empty one or a comment. Error:
 * the sentence with its place; -EKEYREJECTED for a certificate or an expired key; -EPERM for what
 * is no line of keys at all. */
static int add_line(struct ssh_keys *keys, const char *place, const char *text, size_t length,
	struct error *err)
{
	AUTO_FREE char *line = copy_trimmed(text, length);
	AUTO_FREE char *parts = copy_trimmed(text, length);
	struct ssh_key_line parsed;
	struct error why;
	int r;

	if (length > LINE_MAX_BYTES)
		return refuse_file(err, place, "is longer than 8 KiB, more than sshd reads");
	if (!*line || *line == '#')
		return 0;
	if (refuse_foreign(place, line, err) < 0)
		return -EPERM;
	r = ssh_key_line_parse(parts, &parsed, &why);
	if (r == 0)
		r = check_expiry(keys, &parsed, &why);
	if (r < 0)
		return error_set_code(err, EXIT_NO_KEY, r, "%s %s", place, why.text);
	if (is_known_key(keys, &parsed))
		return 1;
	if (keys->count == KEYS_MAX) {
		refuse_file(err, place, "is one key too many: 1024 are allowed");
		return -EPERM;
	}
	if (!parsed.known_type)
		warn_of_type(keys, place, &parsed);
	keys->lines[keys->count++] = line;
	line = NULL;
	return 1;
}

/* What can be said of a file before its lines are looked at. */
static int check_file(const char *name, const char *text, size_t size_bytes, struct error *err)
{
	if (size_bytes > KEY_FILE_MAX_BYTES)
		return refuse_file(err, name, "is larger than 256 KiB, so it is no file of keys");
	if (size_bytes >= 2 &&
		(memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return refuse_file(err, name, "is UTF-16 text: save it as UTF-8 or ASCII");
	if (line_has_control_characters(text, size_bytes))
		return refuse_file(err, name, "has control characters, so it is no text of keys");
	return 0;
}

static void drop_keys(struct ssh_keys *keys, size_t count)
{
	while (keys->count > count) {
		free(keys->lines[--keys->count]);
		keys->lines[keys->count] = NULL;
	}
}

static void drop_warnings(struct ssh_keys *keys, size_t count)
{
	while (keys->warning_count > count)
		free(keys->warnings[--keys->warning_count]);
}

/* What the lines of one file came to. */
struct outcome {
	size_t good;
	bool malformed;	    /* a bad line that is neither certificate nor expired */
	struct error first; /* of the bad lines */
};

/* Takes one line. A bad one becomes a warning; -EPERM ends the file. */
static int take_line(struct ssh_keys *keys, const char *place, const char *text, size_t length,
	struct outcome *outcome)
{
	struct error err = { 0 };
	int r = add_line(keys, place, text, length, &err);

	if (r >= 0) {
		outcome->good += (size_t)r;
		return 0;
	}
	if (!outcome->first.text[0] || (r != -EKEYREJECTED && !outcome->malformed) || r == -EPERM)
		outcome->first = err;
	outcome->malformed |= r != -EKEYREJECTED;
	ssh_keys_warn(keys, err.text);
	return r == -EPERM ? r : 0;
}

int ssh_keys_add(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	struct error *err)
{
	const char *end = text + size_bytes;
	size_t before = keys->count, warnings_before = keys->warning_count;
	struct outcome outcome = { 0 };
	int r = check_file(name, text, size_bytes, err);

	if (r < 0)
		return r;
	text += text_bom_bytes(text, size_bytes);
	for (unsigned number = 1; text < end && r == 0; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		char place[128];

		snprintf(place, sizeof(place), "line %u of %.100s", number, name);
		r = take_line(keys, place, text, length, &outcome);
		text = newline ? newline + 1 : end;
	}
	if (r == 0 && (outcome.good || !outcome.malformed))
		return 0;
	drop_keys(keys, before);
	drop_warnings(keys, warnings_before);
	*err = outcome.first;
	return r == -EPERM ? r : -EINVAL;
}

int ssh_keys_is_key_file(const char *name)
{
	size_t length = strlen(name);

	if (name[0] == '.')
		return 0;
	return strcasecmp(name, "authorized_keys") == 0 ||
	       (length > 4 && strcasecmp(name + length - 4, ".pub") == 0);
}

char *ssh_keys_text(const struct ssh_keys *keys)
{
	size_t size_bytes = 1;
	char *text, *end;

	for (size_t i = 0; i < keys->count; i++)
		size_bytes += strlen(keys->lines[i]) + 1;
	text = end = must_realloc(NULL, size_bytes, 1);
	for (size_t i = 0; i < keys->count; i++) {
		end = stpcpy(end, keys->lines[i]);
		*end++ = '\n';
	}
	*end = '\0';
	return text;
}

void ssh_keys_free(struct ssh_keys *keys)
{
	drop_keys(keys, 0);
	drop_warnings(keys, 0);
}
