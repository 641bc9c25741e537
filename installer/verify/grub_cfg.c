/* SPDX-License-Identifier: MIT */
#include "verify/grub_cfg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define WORDS_MAX     64
#define VARIABLES_MAX 16

/* A variable that a search line has set. */
struct variable {
	char name[32];
	enum grub_search search;
	char device[64];
};

struct parser {
	struct variable variables[VARIABLES_MAX];
	size_t variable_count;
	long wanted; /* index of the default entry among the top level's */
	long next;   /* index of the next entry there */
	int depth;   /* of braces */
	int inside;  /* depth of the wanted entry's body, 0 outside */
	bool found;
	struct grub_entry entry;
};

/* Takes the next word off *rest, quotes removed in place; NULL at the line's end or a comment. */
static char *next_grub_word(char **rest)
{
	char *from = *rest + strspn(*rest, " \t"), *to = from, *word = from;
	char quote = '\0';

	if (*from == '\0' || *from == '#')
		return NULL;
	for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
		if (quote && *from == quote)
			quote = '\0';
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else if (*from == '\\' && quote != '\'' && from[1])
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

static size_t split_commands(char *line, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *word;

	while (count < WORDS_MAX && (word = next_grub_word(&line)))
		words[count++] = word;
	return count;
}

static struct variable *find_variable(struct parser *parser, const char *name, bool make)
{
	for (size_t i = 0; i < parser->variable_count; i++)
		if (strcmp(parser->variables[i].name, name) == 0)
			return &parser->variables[i];
	if (!make || parser->variable_count == VARIABLES_MAX)
		return NULL;
	struct variable *variable = &parser->variables[parser->variable_count++];

	memset(variable, 0, sizeof(*variable));
	snprintf(variable->name, sizeof(variable->name), "%s", name);
	return variable;
}

/* search [--no-floppy] --set=VAR|--set VAR --fs-uuid|--label VALUE: options in any order, the value
 * last. */
static void parse_search(struct parser *parser, char **words, size_t count)
{
	enum grub_search search = GRUB_PREFIX;
	const char *name = "root";

	for (size_t i = 1; i + 1 < count; i++) {
		if (strncmp(words[i], "--set=", 6) == 0)
			name = words[i] + 6;
		else if (strcmp(words[i], "--set") == 0 && words[i + 1][0] != '-' && i + 2 < count)
			name = words[++i];
		else if (strcmp(words[i], "--fs-uuid") == 0 || strcmp(words[i], "-u") == 0)
			search = GRUB_UUID;
		else if (strcmp(words[i], "--label") == 0 || strcmp(words[i], "-l") == 0)
			search = GRUB_LABEL;
	}
	struct variable *variable = find_variable(parser, name, true);

	if (count < 2 || search == GRUB_PREFIX || !variable)
		return;
	variable->search = search;
	snprintf(variable->device, sizeof(variable->device), "%s", words[count - 1]);
}

/* Only numbers count: a variable there is empty on the first boot, and GRUB takes the first. */
static void parse_set(struct parser *parser, char **words, size_t count)
{
	char *end;

	if (count < 2 || strncmp(words[1], "default=", 8) != 0)
		return;
	long wanted = strtol(words[1] + 8, &end, 10);

	if (end != words[1] + 8 && *end == '\0')
		parser->wanted = wanted;
}

/* Copies a path with runs of slashes made one. */
static void copy_path(char *ret, size_t ret_bytes, const char *path)
{
	size_t used = 0;

	for (; *path && used + 1 < ret_bytes; path++)
		if (path[0] != '/' || path[1] != '/')
			ret[used++] = *path;
	ret[used] = '\0';
}

/* "($drive1)//kernels/x", "(${root})/x", "/x" (the variable root, else the prefix). */
static int parse_file(
	struct parser *parser, const char *word, struct grub_file *ret, struct error *err)
{
	const char *path = word;
	char name[32] = "root";

	if (word[0] == '(') {
		size_t length = strcspn(word, ")");

		path = word + length + (word[length] == ')');
		if (word[1] != '$' || length >= sizeof(name))
			return error_set(err, -EINVAL, "grub.cfg names a fixed device: %s", word);
		size_t from = word[2] == '{' ? 3 : 2;

		snprintf(name, sizeof(name), "%.*s", (int)(length - from), word + from);
		name[strcspn(name, "}")] = '\0';
	}
	const struct variable *variable = find_variable(parser, name, false);

	if (!variable && word[0] == '(')
		return error_set(err, -EINVAL, "grub.cfg has no search line that sets $%s", name);
	ret->search = variable ? variable->search : GRUB_PREFIX;
	snprintf(ret->device, sizeof(ret->device), "%s", variable ? variable->device : "");
	copy_path(ret->path, sizeof(ret->path), path);
	if (ret->path[0] != '/')
		return error_set(err, -EINVAL, "grub.cfg names no absolute path: %s", word);
	return 0;
}

static void join(char *ret, size_t ret_bytes, char **words, size_t count)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < count && used < ret_bytes; i++)
		used += (size_t)snprintf(
			ret + used, ret_bytes - used, "%s%s", i ? " " : "", words[i]);
}

static int parse_body(struct parser *parser, char **words, size_t count, struct error *err)
{
	struct grub_entry *entry = &parser->entry;
	int r = 0;

	if (strncmp(words[0], "linux", 5) == 0 && count > 1) {
		join(entry->command_line, sizeof(entry->command_line), words + 2, count - 2);
		return parse_file(parser, words[1], &entry->kernel, err);
	}
	if (strncmp(words[0], "initrd", 6) == 0)
		for (size_t i = 1; i < count && r == 0 && entry->initrd_count < GRUB_INITRDS_MAX;
			i++)
			r = parse_file(
				parser, words[i], &entry->initrds[entry->initrd_count++], err);
	return r;
}

static void begin_grub_entry(struct parser *parser, char **words, size_t count)
{
	if (parser->depth > 0)
		return;
	if (parser->next++ == parser->wanted && strcmp(words[0], "menuentry") == 0) {
		parser->inside = parser->depth + 1;
		parser->found = true;
		snprintf(parser->entry.title, sizeof(parser->entry.title), "%s",
			count > 1 ? words[1] : "");
	}
}

static int parse_grub_line(struct parser *parser, char *line, struct error *err)
{
	char *words[WORDS_MAX];
	size_t count = split_commands(line, words);
	int r = 0;

	if (count == 0)
		return 0;
	if (strcmp(words[0], "menuentry") == 0 || strcmp(words[0], "submenu") == 0)
		begin_grub_entry(parser, words, count);
	else if (strcmp(words[0], "search") == 0 && (parser->depth == 0 || parser->inside))
		parse_search(parser, words, count);
	else if (strcmp(words[0], "set") == 0 && parser->depth == 0)
		parse_set(parser, words, count);
	else if (parser->inside && words[0][0] != '}')
		r = parse_body(parser, words, count, err);
	if (strcmp(words[count - 1], "{") == 0)
		parser->depth++;
	if (strcmp(words[0], "}") == 0 && parser->depth > 0 && --parser->depth < parser->inside)
		parser->inside = 0;
	return r;
}

static int parse_grub_cfg(const char *text, long wanted, struct parser *ret, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	char *rest = copy, *line;
	int r = 0;

	if (!copy)
		abort();
	memset(ret, 0, sizeof(*ret));
	ret->wanted = wanted;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = parse_grub_line(ret, line, err);
	return r;
}

int grub_cfg_default(const char *text, struct grub_entry *ret, struct error *err)
{
	struct parser parser;
	int r = parse_grub_cfg(text, 0, &parser, err);

	/* The default may be set after the entries: then they are read once more. */
	if (r == 0 && parser.wanted != 0)
		r = parse_grub_cfg(text, parser.wanted, &parser, err);
	if (r < 0)
		return r;
	if (!parser.found)
		return error_set(
			err, -EINVAL, "grub.cfg has no entry with the number %ld", parser.wanted);
	if (parser.entry.kernel.path[0] == '\0')
		return error_set(err, -EINVAL, "grub.cfg's entry \"%s\" boots no kernel",
			parser.entry.title);
	*ret = parser.entry;
	return 0;
}
