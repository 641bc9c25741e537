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

/* Options that are short for --set. They differ from --set in that paths may be relative. */
enum short_form {
	FORM_DISK = 256, /* no letter's number */
	FORM_BOOT_DISK,
	FORM_LAYOUT,
	FORM_CACHE,
	FORM_MANIFEST,
	FORM_SYSTEM,
	FORM_KEY,
	FORM_HOST_KEY,
	FORM_FILE,
	FORM_SEED,
	FORM_END,
};

_Static_assert(FORM_END - FORM_DISK == OPTIONS_SHORT_FORMS, "there is room for every short form");

static const struct {
	const char *key;
	bool is_path;	 /* or one of the words and URLs that stand for one */
	bool repeatable; /* its values become a list */
} short_forms[OPTIONS_SHORT_FORMS] = {
	[0] = { "disk", true, false }, /* FORM_DISK */
	[FORM_BOOT_DISK - FORM_DISK] = { "boot-disk", true, false },
	[FORM_LAYOUT - FORM_DISK] = { "layout", false, false },
	[FORM_CACHE - FORM_DISK] = { "cache", true, true },
	[FORM_MANIFEST - FORM_DISK] = { "manifest", true, false },
	[FORM_SYSTEM - FORM_DISK] = { "system", true, false },
	[FORM_KEY - FORM_DISK] = { "keys", true, true },
	[FORM_HOST_KEY - FORM_DISK] = { "host-keys", true, true },
	[FORM_FILE - FORM_DISK] = { "files", true, true },
	[FORM_SEED - FORM_DISK] = { "seed", false, false },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, 's' },
	{ "disk", required_argument, NULL, FORM_DISK },
	{ "boot-disk", required_argument, NULL, FORM_BOOT_DISK },
	{ "layout", required_argument, NULL, FORM_LAYOUT },
	{ "cache", required_argument, NULL, FORM_CACHE },
	{ "manifest", required_argument, NULL, FORM_MANIFEST },
	{ "system", required_argument, NULL, FORM_SYSTEM },
	{ "key", required_argument, NULL, FORM_KEY },
	{ "host-key", required_argument, NULL, FORM_HOST_KEY },
	{ "file", required_argument, NULL, FORM_FILE },
	{ "seed", required_argument, NULL, FORM_SEED },
	{ "size", required_argument, NULL, 'S' },
	{ "shrink", no_argument, NULL, 'k' },
	{ "format", required_argument, NULL, 'f' },
	{ "boot-output", required_argument, NULL, 'b' },
	{ "from", required_argument, NULL, 'F' },
	{ "embedded", required_argument, NULL, 'e' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char *form_name(enum short_form form)
{
	const struct option *option = long_options;

	while (option->val != (int)form)
		option++;
	return option->name;
}

void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->command = COMMAND_INSTALL;
	options->config_path = DEFAULT_CONFIG_PATH;
}

static int parse_command(const char *word, enum command *ret, struct error *err)
{
	if (strcmp(word, "install") == 0)
		*ret = COMMAND_INSTALL;
	else if (strcmp(word, "plan") == 0)
		*ret = COMMAND_PLAN;
	else if (strcmp(word, "verify") == 0)
		*ret = COMMAND_VERIFY;
	else if (strcmp(word, "check") == 0)
		*ret = COMMAND_CHECK;
	else if (strcmp(word, "image") == 0)
		*ret = COMMAND_IMAGE;
	else
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There is no command %s: say install, plan, verify, check or image, or see --help.",
			word);
	return 0;
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

/* Whether the value is no path: of a disk, all that disk= can be besides. */
static bool stands_for_itself(enum short_form form, const char *value)
{
	struct disk_key key;

	if (form == FORM_DISK || form == FORM_BOOT_DISK)
		return disk_key_parse(value, &key) == 0 && key.kind != DISK_KEY_PATH;
	return strcmp(value, "auto") == 0 || strstr(value, "://");
}

/* The absolute path of what an option names. */
static int resolve_path(
	enum short_form form, const char *name, char ret[PATH_MAX], struct error *err)
{
	const char *example = form == FORM_DISK || form == FORM_BOOT_DISK
				      ? "a disk or an image file that exists, such as /dev/vda"
				      : "a file or folder that exists";

	if (!realpath(name, ret))
		return error_set_code(err, EXIT_CONFIGURATION, -errno, "--%s %s: %s: name %s.",
			form_name(form), name, strerror(errno), example);
	return 0;
}

/* A value that configuration could not have as one word. */
static int refuse_long_path(const char *value, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"%s has a blank in its path, or is too long: give it another name.", value);
}

/* TARGET=SOURCE[:MODE[:UID:GID]] with the source's absolute path. */
static int resolve_file_option(const char *value, char ret[OPTIONS_TEXT_BYTES], struct error *err)
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
	else if ((r = resolve_path(FORM_FILE, name, path, err)) < 0)
		return r;
	if (strpbrk(path, " \t") ||
		snprintf(ret, OPTIONS_TEXT_BYTES, "%.*s%s%s", (int)(source - value), value, path,
			source + length) >= OPTIONS_TEXT_BYTES)
		return refuse_long_path(value, err);
	return 0;
}

/* The value as configuration wants it, with an absolute path in it. */
static int resolve_option(
	enum short_form form, const char *value, char ret[OPTIONS_TEXT_BYTES], struct error *err)
{
	char path[PATH_MAX];
	int r = 0;

	if (form == FORM_FILE)
		return resolve_file_option(value, ret, err);
	if (!short_forms[form - FORM_DISK].is_path || stands_for_itself(form, value))
		snprintf(path, sizeof(path), "%s", value);
	else
		r = resolve_path(form, value, path, err);
	if (r < 0)
		return r;
	if (strpbrk(path, " \t") || text_copy(ret, OPTIONS_TEXT_BYTES, path) < 0)
		return refuse_long_path(value, err);
	return 0;
}

/* Makes a --set of the first one, and a list of further ones. */
static int add_short_form(
	struct options *options, enum short_form form, const char *value, struct error *err)
{
	const char *key = short_forms[form - FORM_DISK].key;
	char *assignment = options->short_forms[form - FORM_DISK], word[OPTIONS_TEXT_BYTES];
	bool first = !assignment[0];
	int r = resolve_option(form, value, word, err);

	if (r < 0)
		return r;
	if (!first && !short_forms[form - FORM_DISK].repeatable)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "Say --%s only once.", key);
	if (!text_append(assignment, OPTIONS_TEXT_BYTES, "%s%s%s", first ? key : "",
		    first ? "=" : " ", word))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There are too many %s: write them into a file for --config.", key);
	return first ? add_set(options, assignment, err) : 0;
}

/* What a command reads besides its options, in words; NULL if nothing. */
static const char *operand_of(enum command command)
{
	return command == COMMAND_VERIFY  ? "disk or image file verify shall read"
	       : command == COMMAND_CHECK ? "manifest check shall read"
	       : command == COMMAND_IMAGE ? "file, block device or - image shall write"
					  : NULL;
}

/* The command and its operand. */
static int parse_words(int count, char **words, struct options *ret, struct error *err)
{
	const char *operand;
	int r;

	if (count == 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"Say one command, install, plan, verify, check or image, or see --help.");
	r = parse_command(words[0], &ret->command, err);
	if (r < 0)
		return r;
	operand = operand_of(ret->command);
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

int options_parse(int argc, char **argv, struct options *ret, struct error *err)
{
	int option, r = 0;

	options_init(ret);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1 && r == 0) {
		switch (option) {
		case 'c':
			ret->config_path = optarg;
			ret->config_given = true;
			break;
		case 's':
			r = add_set(ret, optarg, err);
			break;
		case 'e':
			ret->embedded_path = optarg;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'S':
			r = image_options_set_size(&ret->image, optarg, err);
			break;
		case 'k':
			ret->image.shrink = true;
			break;
		case 'f':
			r = image_options_set_format(&ret->image, optarg, err);
			break;
		case 'b':
			ret->image.boot_output = optarg;
			break;
		case 'F':
			ret->image.from = optarg;
			break;
		case 'h':
			ret->command = COMMAND_HELP;
			return 0;
		case 'V':
			ret->command = COMMAND_VERSION;
			return 0;
		case ':':
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"The option %s needs a value.", argv[optind - 1]);
		case FORM_DISK ... FORM_END - 1:
			r = add_short_form(ret, (enum short_form)option, optarg, err);
			break;
		default:
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"There is no option %s: see --help.", argv[optind - 1]);
		}
	}
	if (r < 0)
		return r;
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
	       "without asking. As PID 1 it does so by itself and ends the machine.\n\n"
	       "  install   install, and end with the verdict INSTALL_SUCCESSFUL or INSTALL_FAILED\n"
	       "  plan      say which disk would be taken and what would be made there; write nothing\n"
	       "  verify    read an installed guest on a disk or in an image file back; write nothing\n"
	       "  check     say whether a guest's manifest can be installed, and what the install needs\n"
	       "  image     make a disk image without a machine and without being root\n\n"
	       "  --config FILE      read FILE instead of " DEFAULT_CONFIG_PATH "\n"
	       "  --set KEY=VALUE    set one key; stronger than every other source\n"
	       "  --disk FILE        a disk, or an image file to install on without a machine\n"
	       "                     (layouts pygrub and direct)\n"
	       "  --boot-disk FILE   the other one of layout pygrub\n"
	       "  --layout NAME      short for --set layout=NAME, as are those below and above\n"
	       "  --manifest FILE    guest.json\n"
	       "  --system PATH      the system's store path\n"
	       "  --cache FOLDER     a binary cache; repeatable\n"
	       "  --key FILE         SSH keys; repeatable\n"
	       "  --host-key FILE    an SSH host key of the guest, the private one; repeatable\n"
	       "  --file TARGET=SOURCE[:MODE[:UID:GID]]\n"
	       "                     a file for the guest; repeatable\n"
	       "  --seed UUID        the seed of every UUID\n"
	       "  --size SIZE        of an image: whole MiB with the suffix K, M, G or T, such as 8G\n"
	       "  --shrink           an image of the smallest disk that holds the guest\n"
	       "  --format raw|qcow2\n"
	       "                     of an image; without it the end of the name counts\n"
	       "  --boot-output FILE\n"
	       "                     of an image of layout pygrub: the other disk\n"
	       "  --from IMAGE       make an image as the copy of another guest's, with keys and\n"
	       "                     identifiers of its own\n"
	       "  --embedded FILE    check an area as guest-installer-iso embeds it in an ISO\n"
	       "  --json             print the plan, or the refusal, as JSON\n\n"
	       "Keys:\n");
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		print_key(&config_keys[i]);
	printf("\nExit status:\n");
	for (const struct exit_meaning *row = exit_meanings; row->meaning; row++)
		printf("  %2d  %s\n", row->code, row->meaning);
}
