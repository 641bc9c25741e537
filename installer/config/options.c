/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/key_table.h"
#include "disk/disk_key.h"

#define DEFAULT_CONFIG_PATH "/etc/guest-installer.conf"

#define COMMAND_NAMES "install, plan, verify, check or image"
#define HELP_INDENT   21  /* columns before what --help says of an option */
#define FIRST_OPTION  256 /* no letter's number */

static const struct {
	const char *name;
	enum command command;
	const char *operand; /* what it reads or writes besides its options; NULL if nothing */
	const char *meaning;
} commands[] = {
	{ "install", COMMAND_INSTALL, NULL,
		"install, and end with the verdict INSTALL_SUCCESSFUL or INSTALL_FAILED" },
	{ "plan", COMMAND_PLAN, NULL,
		"say which disk would be taken and what would be made there; write nothing" },
	{ "verify", COMMAND_VERIFY, "disk or image file verify shall read",
		"read an installed guest on a disk or in an image file back; write nothing" },
	{ "check", COMMAND_CHECK, "manifest check shall read",
		"say whether a guest's manifest can be installed, and what the install needs" },
	{ "image", COMMAND_IMAGE, "file, block device or - image shall write",
		"make a disk image without a machine and without being root" },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* What an option that is short for --set takes. Unlike with --set, a path may be relative. */
enum value_form {
	VALUE_WORD,
	VALUE_PATH, /* or one of the words and URLs that stand for one */
	VALUE_DISK, /* a path, or else what the keys of disks can be */
	VALUE_FILE, /* TARGET=SOURCE[:MODE[:UID:GID]] */
};

struct option_row {
	const char *name;
	const char *value;   /* what --help calls its value; NULL if it takes none */
	const char *meaning; /* lines for --help */
	const char *key;     /* of the configuration, if it is short for --set */
	enum value_form form;
	bool repeatable; /* its values become a list */
	char letter;	 /* for apply_option, if it has no key */
};

static const struct option_row rows[] = {
	{ "config", "FILE", "read FILE instead of " DEFAULT_CONFIG_PATH, .letter = 'c' },
	{ "set", "KEY=VALUE", "set one key; stronger than every other source", .letter = 's' },
	{ "disk", "FILE",
		"a disk, or an image file to install on without a machine\n(layouts pygrub and direct)",
		.key = "disk", .form = VALUE_DISK },
	{ "boot-disk", "FILE", "the other one of layout pygrub", .key = "boot-disk",
		.form = VALUE_DISK },
	{ "layout", "NAME", "short for --set layout=NAME, as are those below and above",
		.key = "layout" },
	{ "manifest", "FILE", "guest.json", .key = "manifest", .form = VALUE_PATH },
	{ "system", "PATH", "the system's store path", .key = "system", .form = VALUE_PATH },
	{ "cache", "FOLDER", "a binary cache; repeatable", .key = "cache", .form = VALUE_PATH,
		.repeatable = true },
	{ "key", "FILE", "SSH keys; repeatable", .key = "keys", .form = VALUE_PATH,
		.repeatable = true },
	{ "host-key", "FILE", "an SSH host key of the guest, the private one; repeatable",
		.key = "host-keys", .form = VALUE_PATH, .repeatable = true },
	{ "file", "TARGET=SOURCE[:MODE[:UID:GID]]", "a file for the guest; repeatable",
		.key = "files", .form = VALUE_FILE, .repeatable = true },
	{ "seed", "UUID", "the seed of every UUID", .key = "seed" },
	{ "size", "SIZE", "of an image: whole MiB with the suffix K, M, G or T, such as 8G",
		.letter = 'S' },
	{ "shrink", NULL, "an image of the smallest disk that holds the guest", .letter = 'k' },
	{ "format", "raw|qcow2", "of an image; without it the end of the name counts",
		.letter = 'f' },
	{ "boot-output", "FILE", "of an image of layout pygrub: the other disk", .letter = 'b' },
	{ "from", "IMAGE",
		"make an image as the copy of another guest's, with keys and\nidentifiers of its own",
		.letter = 'F' },
	{ "embedded", "FILE", "check an area as guest-installer-iso embeds it in an ISO",
		.letter = 'e' },
	{ "json", NULL, "print the plan, or the refusal, as JSON", .letter = 'j' },
	{ "help", .letter = 'h' },
	{ "version", .letter = 'V' },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* For getopt_long. ret has room for one more than the rows. */
static void make_long_options(struct option *ret)
{
	memset(ret, 0, (ROW_COUNT + 1) * sizeof(*ret));
	for (size_t i = 0; i < ROW_COUNT; i++) {
		ret[i].name = rows[i].name;
		ret[i].has_arg = rows[i].value ? required_argument : no_argument;
		ret[i].val = FIRST_OPTION + (int)i;
	}
}

/* The assignment that is made of the values of this option. */
static char *assignment_of(struct options *options, const struct option_row *row)
{
	size_t index = 0;

	for (const struct option_row *before = rows; before < row; before++)
		index += before->key != NULL;
	return options->short_forms[index];
}

void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->command = COMMAND_INSTALL;
	options->config_path = DEFAULT_CONFIG_PATH;
}

static int find_command(const char *word, size_t *ret, struct error *err)
{
	for (*ret = 0; *ret < COMMAND_COUNT; ++*ret)
		if (strcmp(word, commands[*ret].name) == 0)
			return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"There is no command %s: say " COMMAND_NAMES ", or see --help.", word);
}

static int add_set(struct options *options, const char *assignment, struct error *err)
{
	if (options->set_count == OPTIONS_SET_MAX)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"More than %d --set are too many: write them into a file for --config.",
			OPTIONS_SET_MAX);
	options->set[options->set_count++] = assignment;
	return 0;
}

/* Whether the value is not a path: of a disk, all that disk= can be besides. */
static bool stands_for_itself(enum value_form form, const char *value)
{
	struct disk_key key;

	if (form == VALUE_WORD)
		return true;
	if (form == VALUE_DISK)
		return disk_key_parse(value, &key) == 0 && key.kind != DISK_KEY_PATH;
	return strcmp(value, "auto") == 0 || strstr(value, "://");
}

/* The absolute path of what an option names. */
static int resolve_path(
	const struct option_row *row, const char *name, char ret[PATH_MAX], struct error *err)
{
	const char *example = row->form == VALUE_DISK
				      ? "a disk or an image file that exists, such as /dev/vda"
				      : "a file or folder that exists";

	if (!realpath(name, ret))
		return error_set_code(err, EXIT_CONFIGURATION, -errno, "--%s %s: %s: name %s.",
			row->name, name, strerror(errno), example);
	return 0;
}

/* A value that configuration could not have as one word. */
static int refuse_long_path(const char *value, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"%s has a blank in its path, or is too long: give it another name.", value);
}

/* TARGET=SOURCE[:MODE[:UID:GID]] with the source's absolute path. */
static int resolve_file_option(const struct option_row *row, const char *value,
	char ret[OPTIONS_TEXT_BYTES], struct error *err)
{
	const char *source = strchr(value, '=');
	char name[PATH_MAX], path[PATH_MAX];
	unsigned mode, uid, gid;
	int r;

	if (!source)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"--file %s is not of the form TARGET=SOURCE.", value);
	source++;
	size_t length = key_table_file_access(source, &mode, &uid, &gid);

	if (length >= sizeof(name))
		return refuse_long_path(value, err);
	snprintf(name, sizeof(name), "%.*s", (int)length, source);
	if (text_starts_with(name, CONFIG_DRIVE_PREFIX))
		memcpy(path, name, sizeof(path));
	else if ((r = resolve_path(row, name, path, err)) < 0)
		return r;
	if (strpbrk(path, " \t") ||
		snprintf(ret, OPTIONS_TEXT_BYTES, "%.*s%s%s", (int)(source - value), value, path,
			source + length) >= OPTIONS_TEXT_BYTES)
		return refuse_long_path(value, err);
	return 0;
}

/* The value as configuration wants it, with an absolute path in it. */
static int resolve_option(const struct option_row *row, const char *value,
	char ret[OPTIONS_TEXT_BYTES], struct error *err)
{
	char path[PATH_MAX];
	int r = 0;

	if (row->form == VALUE_FILE)
		return resolve_file_option(row, value, ret, err);
	if (stands_for_itself(row->form, value))
		snprintf(path, sizeof(path), "%s", value);
	else
		r = resolve_path(row, value, path, err);
	if (r < 0)
		return r;
	if (strpbrk(path, " \t") || text_copy(ret, OPTIONS_TEXT_BYTES, path) < 0)
		return refuse_long_path(value, err);
	return 0;
}

/* Makes a --set of the first one, and a list of further ones. */
static int add_short_form(
	struct options *options, const struct option_row *row, const char *value, struct error *err)
{
	char *assignment = assignment_of(options, row), word[OPTIONS_TEXT_BYTES];
	bool first = !assignment[0];
	int r = resolve_option(row, value, word, err);

	if (r < 0)
		return r;
	if (!first && !row->repeatable)
		return error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "Say --%s only once.", row->name);
	if (!text_append(assignment, OPTIONS_TEXT_BYTES, "%s%s%s", first ? row->key : "",
		    first ? "=" : " ", word))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There are too many --%s: write them into a file for --config.", row->name);
	return first ? add_set(options, assignment, err) : 0;
}

/* The command and its operand. */
static int parse_words(int count, char **words, struct options *ret, struct error *err)
{
	const char *operand;
	size_t found;
	int r;

	if (count == 0)
		return error_refuse(err, "Say one command, " COMMAND_NAMES ", or see --help.");
	r = find_command(words[0], &found, err);
	if (r < 0)
		return r;
	ret->command = commands[found].command;
	operand = commands[found].operand;
	if (ret->embedded_path && ret->command != COMMAND_CHECK)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The option --embedded belongs to the command check.");
	if (ret->embedded_path && count == 1)
		return 0;
	if (ret->command == COMMAND_CHECK && count == 1 && (ret->set_count || ret->config_given))
		return 0;
	if (operand && count != 2)
		return error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "Say which %s, and no more.", operand);
	if (!operand && count != 1)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The command %s takes options only, and not \"%s\": name the disk by --disk, and see --help.",
			words[0], words[1]);
	if (ret->json && ret->command != COMMAND_PLAN)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The option --json belongs to the command plan.");
	ret->operand = operand ? words[1] : NULL;
	return image_options_check(&ret->image, ret->command == COMMAND_IMAGE, ret->operand, err);
}

static int apply_option(
	struct options *options, const struct option_row *row, const char *value, struct error *err)
{
	switch (row->letter) {
	case 'c':
		options->config_path = value;
		options->config_given = true;
		return 0;
	case 's':
		return add_set(options, value, err);
	case 'e':
		options->embedded_path = value;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'S':
		return image_options_set_size(&options->image, value, err);
	case 'k':
		options->image.shrink = true;
		return 0;
	case 'f':
		return image_options_set_format(&options->image, value, err);
	case 'b':
		options->image.boot_output = value;
		return 0;
	case 'F':
		options->image.from = value;
		return 0;
	case 'h':
		options->command = COMMAND_HELP;
		return 0;
	case 'V':
		options->command = COMMAND_VERSION;
		return 0;
	default:
		return add_short_form(options, row, value, err);
	}
}

int options_parse(int argc, char **argv, struct options *ret, struct error *err)
{
	struct option long_options[ROW_COUNT + 1];
	int option, r;

	make_long_options(long_options);
	options_init(ret);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (option == ':')
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"The option %s needs a value.", argv[optind - 1]);
		if (option < FIRST_OPTION)
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"There is no option %s: see --help.", argv[optind - 1]);
		r = apply_option(ret, &rows[option - FIRST_OPTION], optarg, err);
		if (r < 0 || ret->command == COMMAND_HELP || ret->command == COMMAND_VERSION)
			return r;
	}
	return parse_words(argc - optind, argv + optind, ret, err);
}

const char *options_find_set(const struct options *options, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = options->set_count; i > 0; i--)
		if (strncmp(options->set[i - 1], key, length) == 0 &&
			options->set[i - 1][length] == '=')
			return options->set[i - 1] + length + 1;
	return NULL;
}

static void print_key(const struct config_key_info *key)
{
	const char *otherwise = key->value ? key->value : key->unset;

	printf("  %-14s %s\n  %-14s   %s", key->name, key->meaning, "", key->values);
	if (otherwise)
		printf(" (default: %s)", otherwise);
	printf("\n");
}

/* The option and its value, and from HELP_INDENT on each line of its meaning. */
static void print_option(const struct option_row *row)
{
	int columns = printf(
		"  --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");

	if (columns > HELP_INDENT - 2)
		columns = printf("\n") - 1;
	for (const char *line = row->meaning; line;) {
		size_t length = strcspn(line, "\n");

		printf("%*s%.*s\n", HELP_INDENT - columns, "", (int)length, line);
		line = line[length] ? line + length + 1 : NULL;
		columns = 0;
	}
}

void options_print_help(void)
{
	printf("Usage: guest-installer install [OPTION]...\n"
	       "       guest-installer plan [--json] [OPTION]...\n"
	       "       guest-installer verify [--boot-disk FILE] [--set KEY=VALUE]... DISK\n"
	       "       guest-installer check [--config FILE] [--set KEY=VALUE]... [MANIFEST]\n"
	       "       guest-installer check --embedded FILE [MANIFEST]\n"
	       "       guest-installer image {--size SIZE|--shrink} [OPTION]... OUTPUT\n"
	       "       guest-installer image --from IMAGE [OPTION]... OUTPUT\n"
	       "       guest-installer --help|--version\n\n"
	       "Installs a NixOS system from a binary cache on a virtual machine's disk,\n"
	       "without asking. As PID 1 it does so by itself and ends the machine.\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].meaning);
	printf("\n");
	for (size_t i = 0; i < ROW_COUNT && rows[i].meaning; i++)
		print_option(&rows[i]);
	printf("\nKeys:\n");
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		print_key(&config_keys[i]);
	printf("\nExit status:\n");
	for (const struct exit_meaning *row = exit_meanings; row->meaning; row++)
		printf("  %2d  %s\n", row->code, row->meaning);
}
