/* SPDX-License-Identifier: MIT */
#include "verify/grub_commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ENVIRONMENT_HEADER "# GRUB Environment Block\n"

static int refuse_command(const struct grub_command *command, struct error *err)
{
	return error_set(err, -EINVAL, "grub.cfg line %u: this use of %s is not understood.",
		command->line, command->words[0]);
}

/* The word behind "--name=", or the next one behind "--name"; NULL if *i is another word. */
static const char *take_option(const struct grub_command *command, size_t *i, const char *name)
{
	const char *word = command->words[*i];
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0)
		return NULL;
	if (word[length] == '=')
		return word + length + 1;
	return word[length] == '\0' && *i + 1 < command->count ? command->words[++*i] : NULL;
}

/* -------------------------------------------------------- entries */

/* Options of menuentry and submenu, in any order, around the title. --users restricts the entry
 * even if its list is empty or --unrestricted stands beside it (GRUB, menuentry.c,
 * grub_cmd_menuentry). */
static int parse_item(
	const struct grub_command *command, struct grub_menu_item *item, struct error *err)
{
	const char *title = NULL, *id = NULL, *value;
	bool users = false, open = false;

	for (size_t i = 1; i < command->count; i++) {
		if (strcmp(command->words[i], "--unrestricted") == 0)
			open = true;
		else if ((value = take_option(command, &i, "--id")))
			id = value;
		else if (take_option(command, &i, "--users"))
			users = true;
		else if (take_option(command, &i, "--class") ||
			 take_option(command, &i, "--hotkey"))
			continue;
		else if (text_starts_with(command->words[i], "--"))
			return refuse_command(command, err);
		else if (!title)
			title = command->words[i];
	}
	item->restricted = users || !open;
	if (!title || text_copy(item->title, sizeof(item->title), title) < 0 ||
		text_copy(item->id, sizeof(item->id), id ? id : title) < 0)
		return refuse_command(command, err);
	return 0;
}

static int add_item(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	struct grub_menu_item *item = &menu->items[menu->count];

	if (menu->script.maybe)
		return error_set(err, -EINVAL,
			"grub.cfg line %u: whether this entry exists depends on a condition that is not known here.",
			command->line);
	if (!command->has_block || menu->in_entry)
		return refuse_command(command, err);
	if (menu->count == GRUB_ENTRIES_MAX)
		return error_set(err, -EINVAL, "grub.cfg line %u: there are more than %d entries.",
			command->line, GRUB_ENTRIES_MAX);
	for (size_t i = 1; i < command->count; i++)
		if (command->unknown[i])
			return refuse_command(command, err);
	memset(item, 0, sizeof(*item));
	item->submenu = strcmp(command->words[0], "submenu") == 0;
	item->line = command->line;
	item->body = command->block;
	menu->count++;
	return parse_item(command, item, err);
}

/* -------------------------------------------------------- files of an entry */

/* Copies a path with runs of slashes made one. */
static int copy_grub_path(char *ret, size_t ret_bytes, const char *path)
{
	size_t used = 0;

	for (; *path; path++) {
		if (path[0] == '/' && path[1] == '/')
			continue;
		if (used + 1 == ret_bytes)
			return -ENAMETOOLONG;
		ret[used++] = *path;
	}
	ret[used] = '\0';
	return 0;
}

static bool parse_device(const char *device, struct grub_file *ret)
{
	static const struct {
		const char *kind;
		enum grub_search search;
	} kinds[] = {
		{ GRUB_DEVICE_LABEL, GRUB_LABEL },
		{ GRUB_DEVICE_UUID, GRUB_UUID },
		{ GRUB_DEVICE_PREFIX, GRUB_PREFIX },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].kind);

		if (strncmp(device, kinds[i].kind, length) != 0)
			continue;
		ret->search = kinds[i].search;
		return text_copy(ret->device, sizeof(ret->device), device + length) == 0;
	}
	return false;
}

/* "(DEVICE)/path", or "/path" on the device of the variable root. */
static int parse_grub_file(struct grub_menu *menu, const struct grub_command *command, size_t word,
	struct grub_file *ret, struct error *err)
{
	const char *text = command->words[word], *path = text, *root;
	bool unknown = command->unknown[word];
	char device[GRUB_VALUE_BYTES];

	if (text[0] == '(') {
		path = strchr(text, ')');
		if (!path)
			return refuse_command(command, err);
		snprintf(device, sizeof(device), "%.*s", (int)(path++ - text - 1), text + 1);
	} else {
		bool root_unknown;

		root = grub_script_get(&menu->script, "root", &root_unknown);
		unknown = unknown || root_unknown;
		snprintf(device, sizeof(device), "%s", root ? root : "");
	}
	if (unknown || menu->script.maybe)
		return error_set(err, -EINVAL,
			"grub.cfg line %u: which file %s starts depends on a condition that is not known here.",
			command->line, command->words[0]);
	if (!parse_device(device, ret))
		return error_set(err, -EINVAL,
			"grub.cfg line %u: the file %s is on a device that no search line names.",
			command->line, text);
	if (path[0] != '/' || copy_grub_path(ret->path, sizeof(ret->path), path) < 0)
		return error_set(err, -EINVAL, "grub.cfg line %u: %s is not an absolute path.",
			command->line, text);
	return 0;
}

/* linux FILE [WORD]…: a later one replaces an earlier one and its initrds. GRUB quotes words with
 * blanks. */
static int run_linux(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	struct grub_entry *entry = &menu->entry;
	int r;

	if (!menu->in_entry || command->count < 2)
		return refuse_command(command, err);
	entry->initrd_count = 0;
	entry->command_line[0] = '\0';
	r = parse_grub_file(menu, command, 1, &entry->kernel, err);
	for (size_t i = 2; i < command->count && r == 0; i++) {
		const char *quote = strchr(command->words[i], ' ') ? "\"" : "";

		if (command->unknown[i] ||
			!text_append(entry->command_line, sizeof(entry->command_line), "%s%s%s%s",
				i > 2 ? " " : "", quote, command->words[i], quote))
			return refuse_command(command, err);
	}
	return r;
}

static int run_initrd(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	struct grub_entry *entry = &menu->entry;
	int r = 0;

	if (!menu->in_entry || command->count - 1 > GRUB_INITRDS_MAX)
		return refuse_command(command, err);
	entry->initrd_count = 0;
	for (size_t i = 1; i < command->count && r == 0; i++)
		r = parse_grub_file(menu, command, i, &entry->initrds[entry->initrd_count++], err);
	return r;
}

/* -------------------------------------------------------- search */

/* search [--no-floppy] [--hint…] [--set[=NAME]] --fs-uuid|--label VALUE */
static int run_search(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	const char *kind = NULL, *name = "root", *value = NULL;
	char device[GRUB_VALUE_BYTES];
	bool unknown = false;

	for (size_t i = 1; i < command->count; i++) {
		const char *word = command->words[i];

		unknown = unknown || command->unknown[i];
		if (text_starts_with(word, "--set="))
			name = word + 6;
		else if (strcmp(word, "--fs-uuid") == 0 || strcmp(word, "-u") == 0)
			kind = GRUB_DEVICE_UUID;
		else if (strcmp(word, "--label") == 0 || strcmp(word, "-l") == 0)
			kind = GRUB_DEVICE_LABEL;
		else if (strcmp(word, "--hint") == 0 && i + 1 < command->count)
			i++;
		else if (strcmp(word, "--set") == 0 || strcmp(word, "-s") == 0 ||
			 strcmp(word, "--file") == 0 || strcmp(word, "-f") == 0 ||
			 strcmp(word, "--no-floppy") == 0 || strcmp(word, "-n") == 0 ||
			 text_starts_with(word, "--hint"))
			continue;
		else if (word[0] == '-' || value)
			return refuse_command(command, err);
		else
			value = word;
	}
	if (!value || !name[0])
		return refuse_command(command, err);
	/* A search by file could find any file system. */
	snprintf(device, sizeof(device), "%s%s", kind ? kind : "", value);
	menu->script.status = GRUB_MAYBE;
	return grub_script_set(&menu->script, name, device, unknown || !kind, command->line, err);
}

/* -------------------------------------------------------- tests and the environment block */

static enum grub_status as_status(bool truth)
{
	return truth ? GRUB_TRUE : GRUB_FALSE;
}

/* The one file whose existence is known here is grubenv. */
static enum grub_status test_file(
	const struct grub_menu *menu, const char *operator, const char * path)
{
	if (strcmp(path, "(" GRUB_DEVICE_PREFIX ")/grub/grubenv") != 0 ||
		!strchr("efs", operator[1]))
		return GRUB_MAYBE;
	return as_status(menu->environment != NULL);
}

static enum grub_status test_words(
	const struct grub_menu *menu, const char *const *words, size_t count)
{
	if (count == 0)
		return GRUB_FALSE;
	if (count == 1)
		return as_status(words[0][0] != '\0');
	if (strcmp(words[0], "!") == 0) {
		enum grub_status inner = test_words(menu, words + 1, count - 1);

		return inner == GRUB_MAYBE ? GRUB_MAYBE : as_status(inner == GRUB_FALSE);
	}
	if (count == 2 && strcmp(words[0], "-z") == 0)
		return as_status(!words[1][0]);
	if (count == 2 && strcmp(words[0], "-n") == 0)
		return as_status(words[1][0] != '\0');
	if (count == 2 && words[0][0] == '-' && strlen(words[0]) == 2)
		return test_file(menu, words[0], words[1]);
	if (count == 3 && (strcmp(words[1], "=") == 0 || strcmp(words[1], "==") == 0))
		return as_status(strcmp(words[0], words[2]) == 0);
	if (count == 3 && strcmp(words[1], "!=") == 0)
		return as_status(strcmp(words[0], words[2]) != 0);
	return GRUB_MAYBE;
}

static int run_test(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	bool bracket = strcmp(command->words[0], "[") == 0;
	size_t count = command->count - 1;

	if (bracket && (count == 0 || strcmp(command->words[count], "]") != 0))
		return refuse_command(command, err);
	menu->script.status = test_words(menu, command->words + 1, count - bracket);
	for (size_t i = 1; i < command->count; i++)
		if (command->unknown[i])
			menu->script.status = GRUB_MAYBE;
	return 0;
}

/* load_env: every NAME=VALUE line of grubenv (GRUB manual, "The GRUB environment block"). */
static int run_load_env(
	struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	const char *text = menu->environment;
	int r = 0;

	if (command->count > 1)
		return refuse_command(command, err);
	menu->script.status = as_status(text != NULL);
	if (!text)
		return 0;
	if (!text_starts_with(text, ENVIRONMENT_HEADER))
		return error_set(err, -EINVAL, "grubenv is not a GRUB environment block.");
	while (r == 0 && *text) {
		size_t length = strcspn(text, "\n"), name = strcspn(text, "=\n");
		char key[GRUB_NAME_BYTES], value[GRUB_VALUE_BYTES];

		if (*text != '#' && name < length) {
			snprintf(key, sizeof(key), "%.*s", (int)name, text);
			snprintf(value, sizeof(value), "%.*s", (int)(length - name - 1),
				text + name + 1);
			r = grub_script_set(
				&menu->script, key, value, strchr(value, '\\'), command->line, err);
		}
		text += length + (text[length] == '\n');
	}
	return r;
}

/* -------------------------------------------------------- the table */

static int run_true(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	(void)command;
	(void)err;
	menu->script.status = GRUB_TRUE;
	return 0;
}

static int run_false(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	(void)command;
	(void)err;
	menu->script.status = GRUB_FALSE;
	return 0;
}

/* Neither chooses nor loads anything; it may fail. */
static int run_harmless(
	struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	(void)command;
	(void)err;
	menu->script.status = GRUB_MAYBE;
	return 0;
}

static int run_export(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	(void)err;
	for (size_t i = 1; i < command->count; i++)
		grub_script_export(&menu->script, command->words[i]);
	menu->script.status = GRUB_TRUE;
	return 0;
}

static int run_unset(struct grub_menu *menu, const struct grub_command *command, struct error *err)
{
	(void)err;
	for (size_t i = 1; i < command->count; i++)
		grub_script_unset(&menu->script, command->words[i]);
	menu->script.status = GRUB_TRUE;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct grub_menu *menu, const struct grub_command *command, struct error *err);
} commands[] = {
	{ "menuentry", add_item },
	{ "submenu", add_item },
	{ "linux", run_linux },
	{ "linux16", run_linux },
	{ "linuxefi", run_linux },
	{ "initrd", run_initrd },
	{ "initrd16", run_initrd },
	{ "initrdefi", run_initrd },
	{ "search", run_search },
	{ "[", run_test },
	{ "test", run_test },
	{ "load_env", run_load_env },
	{ "export", run_export },
	{ "unset", run_unset },
	{ "true", run_true },
	{ "false", run_false },
	{ "keystatus", run_false }, /* no key is pressed */
	{ "sleep", run_true },
	{ "set", run_harmless },
	{ "save_env", run_harmless },
	{ "insmod", run_harmless },
	{ "rmmod", run_harmless },
	{ "acpi", run_harmless },
	{ "badram", run_harmless },
	{ "cpuid", run_harmless },
	{ "cutmem", run_harmless },
	{ "echo", run_harmless },
	{ "clear", run_harmless },
	{ "play", run_harmless },
	{ "serial", run_harmless },
	{ "terminal", run_harmless },
	{ "terminal_input", run_harmless },
	{ "terminal_output", run_harmless },
	{ "loadfont", run_harmless },
	{ "keymap", run_harmless },
	{ "background_image", run_harmless },
	{ "background_color", run_harmless },
	{ "password", run_harmless },
	{ "password_pbkdf2", run_harmless },
};

int grub_commands_run(struct grub_script *script, const struct grub_command *command,
	void *userdata, struct error *err)
{
	(void)script;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, command->words[0]) != 0)
			continue;
		if (command->has_block && commands[i].run != add_item)
			return refuse_command(command, err);
		return commands[i].run(userdata, command, err);
	}
	return error_set(err, -EINVAL, "grub.cfg line %u: the command %s is not understood.",
		command->line, command->words[0]);
}
