/* SPDX-License-Identifier: MIT */
#include "verify/loader_entries.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LINE_BYTES (LOADER_OPTIONS_BYTES + 64)

/* A key and its value, split at blanks or at "=". */
struct loader_line {
	char text[LINE_BYTES];
	char *key, *value;
	unsigned number;
	bool ended; /* the line before ended with a newline: a carriage return alone ends one, too */
};

/* -------------------------------------------------------- lines */

/* Takes the next line with a key and a value off *text: false at the end. Blanks around and "#"
 * comments are dropped, as are quotes around the whole value. *ret_cut: a line is too long. */
static bool next_loader_line(
	const char **text, const char *separators, struct loader_line *ret, bool *ret_cut)
{
	while (**text) {
		size_t length = strcspn(*text, "\r\n");

		ret->number += ret->ended;
		*ret_cut = *ret_cut || length >= sizeof(ret->text);
		snprintf(ret->text, sizeof(ret->text), "%.*s", (int)length, *text);
		*text += length;
		ret->ended = **text == '\n';
		*text += **text != '\0';
		ret->key = text_trim(ret->text);
		ret->value = ret->key + strcspn(ret->key, separators);
		if (!*ret->key || *ret->key == '#' || !*ret->value)
			continue;
		*ret->value++ = '\0';
		ret->value += strspn(ret->value, separators);
		length = strlen(ret->value);
		if (length >= 2 && strchr("\"'", ret->value[0]) &&
			ret->value[length - 1] == ret->value[0]) {
			ret->value[length - 1] = '\0';
			ret->value++;
		}
		return true;
	}
	return false;
}

static int refuse_loader_line(const char *file, const struct loader_line *line, struct error *err)
{
	return error_set(err, -EINVAL, "%s line %u is not understood: %.64s %.128s", file,
		line->number, line->key, line->value);
}

/* -------------------------------------------------------- loader.conf */

static int parse_timeout(const char *value, struct error *err)
{
	char *end;

	if (strcmp(value, "menu-hidden") == 0 || strcmp(value, "menu-disabled") == 0)
		return 0;
	if (strcmp(value, "menu-force") == 0)
		return error_set(err, -EINVAL,
			"loader.conf sets timeout menu-force, so that the menu waits for ever: set seconds.");
	if (!isdigit((unsigned char)value[0]) || (strtoul(value, &end, 10), *end))
		return error_set(err, -EINVAL,
			"loader.conf sets a timeout that is not understood: %s", value);
	return 0;
}

/* "@saved" is what was started last, which a fresh machine does not know. systemd-boot ignores
 * other names with "@". */
static int parse_pattern(const char *value, char ret[256], struct error *err)
{
	if (strcasecmp(value, "@saved") == 0)
		value = "";
	if (value[0] == '@')
		return 0;
	if (text_copy(ret, 256, value) < 0)
		return error_set(err, -EINVAL, "loader.conf has too long a default.");
	text_lower(ret);
	return 0;
}

/* Keys that change neither the choice nor whether the menu waits. */
static bool is_harmless_key(const char *key)
{
	static const char *const keys[] = {
		"editor",
		"auto-entries",
		"auto-firmware",
		"auto-poweroff",
		"auto-reboot",
		"beep",
		"console-mode",
		"random-seed-mode",
		"reboot-for-bitlocker",
		"reboot-on-error",
		"secure-boot-enroll",
		"secure-boot-enroll-action",
		"secure-boot-enroll-timeout-sec",
		"log-level",
		"sysfail",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

int loader_entries_parse_config(const char *text, struct loader_config *ret, struct error *err)
{
	struct loader_config config = { 0 };
	struct loader_line line = { .ended = true };
	bool cut = false;
	int r = 0;

	while (r == 0 && next_loader_line(&text, " \t", &line, &cut)) {
		if (strcmp(line.key, "default") == 0)
			r = parse_pattern(line.value, config.chosen, err);
		else if (strcmp(line.key, "preferred") == 0)
			r = parse_pattern(line.value, config.preferred, err);
		else if (strcmp(line.key, "timeout") == 0)
			r = parse_timeout(line.value, err);
		else if (!is_harmless_key(line.key))
			r = refuse_loader_line("loader.conf", &line, err);
	}
	if (r < 0)
		return r;
	if (cut)
		return error_set(err, -EINVAL, "loader.conf has a line that is too long.");
	*ret = config;
	return 0;
}

/* -------------------------------------------------------- entries */

static bool parse_count(const char **text, long *ret)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*ret = strtol(*text, &end, 10);
	*text = end;
	return *ret <= INT_MAX;
}

/* NAME+LEFT[-DONE].SUFFIX is the entry NAME.SUFFIX with a boot counter ("Boot counting"). */
static int parse_file_name(
	const char *file, const char *suffix, struct loader_entry *ret, struct error *err)
{
	const char *plus = strrchr(file, '+'), *at = plus ? plus + 1 : NULL;
	long left, done = 0;

	memset(ret, 0, sizeof(*ret));
	ret->tries_left = -1;
	ret->tries_done = -1;
	if (text_copy(ret->file, sizeof(ret->file), file) < 0)
		return error_set(err, -EINVAL, "The boot entry %.64s… has too long a name.", file);
	snprintf(ret->id, sizeof(ret->id), "%s", file);
	if (plus && parse_count(&at, &left) && (*at != '-' || (at++, parse_count(&at, &done))) &&
		strcasecmp(at, suffix) == 0) {
		ret->tries_left = left;
		ret->tries_done = done;
		snprintf(ret->id, sizeof(ret->id), "%.*s%s", (int)(plus - file), file, suffix);
	}
	text_lower(ret->id);
	return 0;
}

/* Where a key's value goes; NULL for keys with a meaning of their own. */
static char *find_text(struct loader_entry *entry, const char *key, size_t *ret_bytes)
{
	const struct {
		const char *key;
		char *text;
		size_t bytes;
	} texts[] = {
		{ "version", entry->version, sizeof(entry->version) },
		{ "machine-id", entry->machine_id, sizeof(entry->machine_id) },
		{ "sort-key", entry->sort_key, sizeof(entry->sort_key) },
		{ "linux", entry->kernel, sizeof(entry->kernel) },
		{ "efi", entry->kernel, sizeof(entry->kernel) },
		{ "uki", entry->kernel, sizeof(entry->kernel) },
		{ "devicetree", entry->devicetree, sizeof(entry->devicetree) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*ret_bytes = texts[i].bytes;
			return texts[i].text;
		}
	return NULL;
}

/* Every line has to fit, so an entry with two different ones starts nowhere. */
static void take_architecture(const char *value, struct loader_entry *entry)
{
	if (entry->architecture[0] && strcasecmp(entry->architecture, value) != 0)
		entry->ignored = true;
	snprintf(entry->architecture, sizeof(entry->architecture), "%s", value);
}

/* Keys that systemd-boot ignores, or that change only what the menu shows. */
static bool is_harmless_entry_key(const char *key)
{
	return strcmp(key, "title") == 0 || strcmp(key, "devicetree-overlay") == 0 ||
	       strcmp(key, "profile") == 0 || text_starts_with(key, "grub_");
}

/* systemd-boot ignores a key that it does not know, but a later version may know it. */
static void note_unknown_line(
	const char *file, const struct loader_line *line, struct loader_entry *ret)
{
	struct error err = { 0 };

	if (ret->not_understood[0])
		return;
	(void)refuse_loader_line(file, line, &err);
	snprintf(ret->not_understood, sizeof(ret->not_understood), "%.500s", err.text);
}

static int parse_entry_line(const char *file, const struct loader_line *line,
	struct loader_entry *ret, struct error *err)
{
	size_t bytes;
	char *text = find_text(ret, line->key, &bytes);
	int r = 0;

	if (strcmp(line->key, "efi") == 0 || strcmp(line->key, "uki") == 0)
		ret->efi = true;
	if (text)
		r = text_copy(text, bytes, line->value);
	else if (strcmp(line->key, "initrd") == 0 && ret->initrd_count < LOADER_INITRDS_MAX)
		r = text_copy(
			ret->initrds[ret->initrd_count++], sizeof(ret->initrds[0]), line->value);
	else if (strcmp(line->key, "options") == 0)
		r = text_append(ret->options, sizeof(ret->options), "%s%s",
			    ret->options[0] ? " " : "", line->value)
			    ? 0
			    : -ENAMETOOLONG;
	else if (strcmp(line->key, "architecture") == 0)
		take_architecture(line->value, ret);
	else if (strcmp(line->key, "initrd") == 0 || strcmp(line->key, "uki-url") == 0)
		r = -EINVAL;
	else if (!is_harmless_entry_key(line->key))
		note_unknown_line(file, line, ret);
	return r < 0 ? refuse_loader_line(file, line, err) : 0;
}

int loader_entries_parse_type1(
	const char *file, const char *text, struct loader_entry *ret, struct error *err)
{
	struct loader_line line = { .ended = true };
	bool cut = false;
	int r = parse_file_name(file, ".conf", ret, err);

	while (r == 0 && next_loader_line(&text, " \t", &line, &cut))
		r = parse_entry_line(file, &line, ret, err);
	if (r < 0)
		return r;
	if (cut)
		return error_set(err, -EINVAL, "%s has a line that is too long.", file);
	ret->ignored = ret->ignored || !ret->kernel[0];
	return 0;
}

/* The first of these os-release keys that is set. */
struct release_value {
	const char *keys[4];
	char *ret;
	size_t bytes;
};

static void find_release_value(const char *os_release, const struct release_value *value)
{
	for (size_t i = 0; i < 4 && value->keys[i] && !value->ret[0]; i++) {
		struct loader_line line = { .ended = true };
		const char *text = os_release;
		bool cut = false;

		while (next_loader_line(&text, "=", &line, &cut))
			if (strcmp(line.key, value->keys[i]) == 0)
				snprintf(value->ret, value->bytes, "%s", line.value);
	}
}

int loader_entries_parse_type2(
	const char *file, const char *os_release, struct loader_entry *ret, struct error *err)
{
	int r = parse_file_name(file, ".efi", ret, err);
	const struct release_value values[] = {
		{ { "PRETTY_NAME", "IMAGE_ID", "NAME", "ID" }, ret->title, sizeof(ret->title) },
		{ { "IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID" }, ret->version,
			sizeof(ret->version) },
		{ { "IMAGE_ID", "ID" }, ret->sort_key, sizeof(ret->sort_key) },
	};

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		find_release_value(os_release, &values[i]);
	ret->unified = true;
	ret->ignored = !ret->title[0];
	return text_copy(ret->kernel, sizeof(ret->kernel), file);
}

/* -------------------------------------------------------- order */

/* Of a character that is no NUL. */
static bool is_version_char(char c)
{
	return isalnum((unsigned char)c) || strchr("~-^.", c);
}

/* Steps over a separator that both have. If one has it, that one sorts lower. */
static int compare_separator(const char **a, const char **b, char separator)
{
	int has_a = **a == separator, has_b = **b == separator;

	if (has_a && has_b) {
		(*a)++;
		(*b)++;
		return 0;
	}
	return has_b - has_a;
}

/* Numbers of any length: one is larger than none, and without leading zeros the longer is
 * larger. */
static int compare_numbers(const char **a, const char **b)
{
	int has_a = isdigit((unsigned char)**a) != 0, has_b = isdigit((unsigned char)**b) != 0;
	size_t length_a, length_b;
	int order;

	if (has_a != has_b)
		return has_a - has_b;
	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	length_a = strspn(*a, "0123456789");
	length_b = strspn(*b, "0123456789");
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	order = strncmp(*a, *b, length_a);
	*a += length_a;
	*b += length_b;
	return order;
}

static int compare_letters(const char **a, const char **b)
{
	while (isalpha((unsigned char)**a) && **a == **b) {
		(*a)++;
		(*b)++;
	}
	return (isalpha((unsigned char)**a) ? **a : 0) - (isalpha((unsigned char)**b) ? **b : 0);
}

/*
 * Compares piece by piece: characters without a meaning are skipped, then come a separator and a
 * number or letters. A string that ends is lower than one that continues, unless it continues with
 * "~". systemd differs from the specification in two places, and this follows systemd: it compares
 * "~" before the ends, and sorts a string with "^" below one without.
 */
int loader_entries_compare_versions(const char *a, const char *b)
{
	int order = 0;

	while (order == 0) {
		while (*a && !is_version_char(*a))
			a++;
		while (*b && !is_version_char(*b))
			b++;
		order = compare_separator(&a, &b, '~');
		if (order == 0 && (!*a || !*b))
			return (*a != '\0') - (*b != '\0');
		for (const char *at = "-^."; *at && order == 0; at++)
			order = compare_separator(&a, &b, *at);
		if (order == 0 && (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)))
			order = compare_numbers(&a, &b);
		else if (order == 0)
			order = compare_letters(&a, &b);
	}
	return order;
}

static int compare_counters(const struct loader_entry *a, const struct loader_entry *b)
{
	if (a->tries_left < 0 || b->tries_left < 0)
		return 0;
	if (a->tries_left != b->tries_left)
		return a->tries_left > b->tries_left ? -1 : 1;
	return (a->tries_done > b->tries_done) - (a->tries_done < b->tries_done);
}

int loader_entries_compare(const struct loader_entry *a, const struct loader_entry *b)
{
	int order = (a->tries_left == 0) - (b->tries_left == 0);

	if (order == 0)
		order = !a->sort_key[0] - !b->sort_key[0];
	if (order == 0 && a->sort_key[0]) {
		order = strcmp(a->sort_key, b->sort_key);
		if (order == 0)
			order = strcmp(a->machine_id, b->machine_id);
		if (order == 0)
			order = loader_entries_compare_versions(b->version, a->version);
	}
	if (order == 0)
		order = loader_entries_compare_versions(b->id, a->id);
	return order ? order : compare_counters(a, b);
}

static int compare_entries(const void *a, const void *b)
{
	return loader_entries_compare(a, b);
}

/* The first entry that a glob matches; count if there is none. */
static size_t find_match(
	const char *glob, const struct loader_entry *entries, size_t count, bool with_tries)
{
	size_t i = 0;

	while (i < count && (!glob[0] || fnmatch(glob, entries[i].id, 0) != 0 ||
				    (with_tries && entries[i].tries_left == 0)))
		i++;
	return i;
}

int loader_entries_choose(const struct loader_config *config, struct loader_entry *entries,
	size_t count, size_t *ret, struct error *err)
{
	size_t i;

	if (count == 0)
		return error_set(err, -ENOENT,
			"The EFI system partition has no boot entry with a kernel: neither in /loader/entries nor in /EFI/Linux.");
	qsort(entries, count, sizeof(*entries), compare_entries);
	i = find_match(config->preferred, entries, count, true);
	if (i == count)
		i = find_match(config->chosen, entries, count, false);
	*ret = i == count ? 0 : i;
	return 0;
}
