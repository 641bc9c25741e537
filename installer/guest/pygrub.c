/* SPDX-License-Identifier: MIT */
/*
 * The grammar is that of Xen 4.17, tools/pygrub/src/GrubConf.py (Grub2ConfigFile, Grub2Image); the
 * order of menus and the choice of the entry those of tools/pygrub/src/pygrub.
 */
#include "guest/pygrub.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define PARTS_MAX 3
#define BLANKS	  " \t"

const char *const pygrub_menus[] = {
	"/boot/grub/grub.cfg",
	"/grub/grub.cfg",
	"/boot/grub2/grub.cfg",
	"/grub2/grub.cfg",
	NULL,
};

struct reader {
	unsigned line;
	long wanted;  /* the index that `set default` gives, 0 without one */
	size_t pick;  /* the index whose entry is kept */
	size_t count; /* of entries, those of submenus too */
	unsigned submenus;
	bool in_function;
	bool in_entry;
	struct pygrub_entry entry, picked;
};

static int refuse_menu(const struct reader *reader, struct error *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static int refuse_menu(const struct reader *reader, struct error *err, const char *fmt, ...)
{
	char reason[320];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	return error_set_code(err, EXIT_VERIFY, -EINVAL,
		"pygrub cannot read line %u of grub.cfg: %s.", reader->line, reason);
}

/* At blanks, runs of which count as one. */
static size_t split_words(char *text, size_t max, char *ret[PARTS_MAX])
{
	size_t count = 0;

	for (text = text_trim(text); *text && count < max; count++) {
		char *end = text + strcspn(text, " \t\r\v\f");

		ret[count] = text;
		if (count + 1 == max || !*end)
			text += strlen(text);
		else
			for (*end++ = '\0', text = end; isspace((unsigned char)*text); text++)
				;
	}
	return count;
}

/* At every single "=". */
static size_t split_equals(char *text, size_t max, char *ret[PARTS_MAX])
{
	size_t count = 0;

	for (char *rest = text; rest && count < max; count++)
		ret[count] = count + 1 == max ? rest : strsep(&rest, "=");
	return count;
}

/* "name=value" or "name value": at "=" if one comes before the first blank, else at blanks. */
static size_t split_either(char *text, size_t max, char *ret[PARTS_MAX])
{
	size_t equals = strcspn(text, "="), blank = strcspn(text, BLANKS);

	return (equals < blank && text[equals] ? split_equals : split_words)(text, max, ret);
}

/* A whole number, as Python's int() takes it; false if it is none. */
static bool parse_entry_number(const char *text, long *ret)
{
	char *end;
	long value = strtol(text, &end, 10);

	while (isspace((unsigned char)*end))
		end++;
	if (end == text || *end)
		return false;
	*ret = value;
	return true;
}

/* Copies text without parentheses. */
static void copy_bare(char *ret, size_t ret_bytes, const char *text)
{
	size_t used = 0;

	for (; *text && used + 1 < ret_bytes; text++)
		if (*text != '(' && *text != ')')
			ret[used++] = *text;
	ret[used] = '\0';
}

static bool is_partition(const char *text)
{
	char bare[64];
	const char *number = bare;
	long ignored;

	copy_bare(bare, sizeof(bare), text);
	if (text_starts_with(number, "msdos"))
		number += 5;
	if (text_starts_with(number, "gpt"))
		number += 3;
	return parse_entry_number(number, &ignored);
}

/* A device in GRUB's notation: two letters and a number, or /dev/xvdX, then maybe a partition. */
static int check_device(const struct reader *reader, const char *text, struct error *err)
{
	char disk[128], bare[128];
	const char *comma = strchr(text, ',');
	long ignored;
	bool good;

	snprintf(
		disk, sizeof(disk), "%.*s", (int)(comma ? comma - text : (long)sizeof(disk)), text);
	copy_bare(bare, sizeof(bare), disk);
	good = text_starts_with(bare, "/dev/xvd")
		       ? bare[8] != '\0'
		       : strlen(bare) > 2 && parse_entry_number(bare + 2, &ignored);
	if (comma)
		good = good && !strchr(comma + 1, ',') && is_partition(comma + 1);
	if (good)
		return 0;
	return refuse_menu(reader, err, "it knows no device \"%.60s\", only such as (hd0)", text);
}

/* The path behind a device in parentheses, which does not matter beyond being one. */
static int take_path(const struct reader *reader, const char *text, char *ret, size_t ret_bytes,
	struct error *err)
{
	const char *end = strchr(text, ')');
	char device[128];
	int r;

	if (text[0] == '(' && !end)
		return refuse_menu(reader, err, "a parenthesis is not closed");
	if (text[0] == '(') {
		snprintf(device, sizeof(device), "%.*s", (int)(end - text), text);
		r = check_device(reader, device, err);
		if (r < 0)
			return r;
		text = end + 1;
	}
	if (text_copy(ret, ret_bytes, text) < 0)
		return refuse_menu(reader, err, "the path is longer than %zu bytes", ret_bytes - 1);
	return 0;
}

/* linux PATH [WORD]… */
static int take_kernel(struct reader *reader, char *text, struct error *err)
{
	struct pygrub_entry *entry = &reader->entry;
	char *parts[PARTS_MAX] = { text, NULL };

	entry->kernel_line = reader->line;
	entry->command_line[0] = '\0';
	/* Only a blank tells it that there are further words, not a tab. */
	if (strchr(text, ' ') && split_words(text, 2, parts) == 2 &&
		text_copy(entry->command_line, sizeof(entry->command_line), parts[1]) < 0)
		return refuse_menu(reader, err,
			"the kernel's command line is longer than %zu bytes",
			sizeof(entry->command_line) - 1);
	return take_path(reader, parts[0], entry->kernel, sizeof(entry->kernel), err);
}

static int take_initrd(struct reader *reader, const char *text, struct error *err)
{
	reader->entry.initrd_line = reader->line;
	return take_path(reader, text, reader->entry.initrd, sizeof(reader->entry.initrd), err);
}

/* set NAME=VALUE: the name goes to *ret_name, the value without its quotes is returned in
 * *ret_value. */
static int take_set(
	struct reader *reader, char *text, char **ret_name, char **ret_value, struct error *err)
{
	char *parts[PARTS_MAX], *close;

	if (split_either(text, PARTS_MAX, parts) != 2)
		return refuse_menu(
			reader, err, "it can set one name to one word without \"=\" only");
	*ret_name = parts[0];
	*ret_value = parts[1];
	close = parts[1][0] == '"' || parts[1][0] == '\'' ? strrchr(parts[1], parts[1][0]) : NULL;
	if (close && close > parts[1]) {
		*close = '\0';
		*ret_value = parts[1] + 1;
	}
	return 0;
}

static int read_default(struct reader *reader, const char *value, struct error *err)
{
	reader->wanted = 0;
	if (parse_entry_number(value, &reader->wanted) && reader->wanted < 0)
		return refuse_menu(reader, err, "the default is below zero");
	return 0;
}

/* A line outside of entries. */
static int read_directive(struct reader *reader, char *line, struct error *err)
{
	char *parts[PARTS_MAX] = { NULL, (char[]){ "" } }, *name, *value;
	int r;

	split_either(line, 2, parts);
	if (strcmp(parts[0], "set") != 0)
		return 0;
	r = take_set(reader, parts[1], &name, &value, err);
	if (r < 0)
		return r;
	return strcmp(name, "default") == 0 ? read_default(reader, text_trim(value), err) : 0;
}

/* A line of an entry. */
static int read_command(struct reader *reader, char *line, struct error *err)
{
	char *parts[PARTS_MAX] = { NULL, (char[]){ "" } }, *name, *value;
	const char *command;
	int r;

	split_either(line, 2, parts);
	command = parts[0];
	if (strcmp(command, "linux") == 0 || strcmp(command, "linux16") == 0)
		return take_kernel(reader, text_trim(parts[1]), err);
	if (strcmp(command, "initrd") == 0 || strcmp(command, "initrd16") == 0)
		return take_initrd(reader, text_trim(parts[1]), err);
	if (strcmp(command, "set") != 0)
		return 0;
	r = take_set(reader, parts[1], &name, &value, err);
	if (r < 0)
		return r;
	return strcmp(name, "root") == 0 ? check_device(reader, text_trim(value), err) : 0;
}

/* menuentry "TITLE" …{ — the quotes, the blank behind them and the brace are needed. */
static bool is_entry(const char *line, char *ret_title, size_t ret_bytes)
{
	static const char word[] = "menuentry ";
	const char *title = line + sizeof(word); /* behind the first quote */

	if (strncmp(line, word, sizeof(word) - 1) != 0 || !strchr("\"'", title[-1]) || !title[-1])
		return false;
	for (const char *end = title; *end; end++) {
		if ((*end != '"' && *end != '\'') || end[1] != ' ' || !strchr(end + 1, '{'))
			continue;
		snprintf(ret_title, ret_bytes, "%.*s", (int)(end - title), title);
		return true;
	}
	return false;
}

static int begin_pygrub_entry(struct reader *reader, const char *title, struct error *err)
{
	if (reader->in_entry)
		return refuse_menu(reader, err, "an entry begins inside another one");
	reader->in_entry = true;
	memset(&reader->entry, 0, sizeof(reader->entry));
	snprintf(reader->entry.title, sizeof(reader->entry.title), "%s", title);
	return 0;
}

static int close_brace(struct reader *reader, struct error *err)
{
	if (!reader->in_entry) {
		if (reader->submenus == 0)
			return refuse_menu(reader, err,
				"a brace is closed, but no entry was opened in the form "
				"menuentry \"TITLE\" {");
		reader->submenus--;
		return 0;
	}
	reader->in_entry = false;
	if (reader->count++ == reader->pick)
		reader->picked = reader->entry;
	return 0;
}

static int read_line(struct reader *reader, char *line, struct error *err)
{
	char title[sizeof(reader->entry.title)];

	line = text_trim(line);
	if (!*line || *line == '#')
		return 0;
	if (text_starts_with(line, "function")) {
		reader->in_function = true;
		return 0;
	}
	if (reader->in_function) {
		reader->in_function = *line != '}';
		return 0;
	}
	if (is_entry(line, title, sizeof(title)))
		return begin_pygrub_entry(reader, title, err);
	if (text_starts_with(line, "submenu")) {
		reader->submenus++;
		return 0;
	}
	if (*line == '}')
		return close_brace(reader, err);
	return (reader->in_entry ? read_command : read_directive)(reader, line, err);
}

/* Reads the menu, keeping the entry with the index pick. */
static int parse_menu(const char *text, size_t pick, struct reader *ret, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	char *rest = copy, *line;
	int r = 0;

	if (!copy)
		abort();
	memset(ret, 0, sizeof(*ret));
	ret->pick = pick;
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		ret->line++;
		/* pygrub gives up on a menu of which one byte is no UTF-8. */
		r = text_is_utf8(line) ? read_line(ret, line, err)
				       : refuse_menu(ret, err, "it is no UTF-8");
	}
	if (r < 0)
		return r;
	if (ret->in_entry)
		return refuse_menu(ret, err, "the menu ends inside an entry");
	return 0;
}

/* A path that pygrub's readers of file systems open: those differ over "//", so there is none. */
static int check_path(const char *what, const char *path, unsigned line, struct error *err)
{
	const char *reason = strpbrk(path, "$\"'\\") ? "variables and quotes are not replaced"
			     : path[0] != '/'	     ? "it is no absolute path"
			     : strstr(path, "//")    ? "it has two slashes in a row"
			     : strpbrk(path, " \t")  ? "it is more than one file"
						     : NULL;

	if (!reason)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EINVAL,
		"pygrub cannot open the %s \"%.120s\" in line %u of grub.cfg: %s.", what, path,
		line, reason);
}

int pygrub_read(const char *text, size_t size_bytes, struct pygrub_entry *ret, struct error *err)
{
	struct reader reader;
	int r;

	if (size_bytes > PYGRUB_MENU_MAX_BYTES || strlen(text) != size_bytes)
		return error_set_code(err, EXIT_VERIFY, -EINVAL,
			"pygrub cannot read grub.cfg: it is longer than %d bytes, or no text.",
			PYGRUB_MENU_MAX_BYTES);
	r = parse_menu(text, 0, &reader, err);
	if (r < 0)
		return r;
	if (reader.wanted > 0 && (size_t)reader.wanted < reader.count)
		r = parse_menu(text, (size_t)reader.wanted, &reader, err);
	if (r < 0)
		return r;
	if (reader.count == 0 || !reader.picked.kernel_line)
		return error_set_code(err, EXIT_VERIFY, -EINVAL,
			"pygrub finds no kernel in grub.cfg%s%s.", reader.count ? ", entry " : "",
			reader.picked.title);
	r = check_path("kernel", reader.picked.kernel, reader.picked.kernel_line, err);
	if (r < 0)
		return r;
	if (reader.picked.initrd_line)
		r = check_path("initrd", reader.picked.initrd, reader.picked.initrd_line, err);
	if (r < 0)
		return r;
	*ret = reader.picked;
	return 0;
}
