/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

#define DEFAULT_CONFIG_PATH "/etc/guest-installer.conf"

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

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
	else
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There is no command %s: say install or plan, or see --help.", word);
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
		case 'j':
			ret->json = true;
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
		default:
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"There is no option %s: see --help.", argv[optind - 1]);
		}
	}
	if (r < 0)
		return r;
	if (argc - optind != 1)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"Say one command, install or plan, or see --help.");
	r = parse_command(argv[optind], &ret->command, err);
	if (r == 0 && ret->json && ret->command != COMMAND_PLAN)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The option --json belongs to the command plan.");
	return r;
}

void options_print_help(void)
{
	printf("Usage: guest-installer install [--config FILE] [--set KEY=VALUE]...\n"
	       "       guest-installer plan [--json] [--config FILE] [--set KEY=VALUE]...\n"
	       "       guest-installer --help|--version\n\n"
	       "Installs a NixOS system from a binary cache on a virtual machine's disk,\n"
	       "without asking. As PID 1 it does so by itself and ends the machine.\n\n"
	       "  install   install, and end with the verdict INSTALL_SUCCESSFUL or "
	       "INSTALL_FAILED\n"
	       "  plan      say which disk would be taken and what would be made there; write "
	       "nothing\n\n"
	       "  --config FILE      read FILE instead of " DEFAULT_CONFIG_PATH "\n"
	       "  --set KEY=VALUE    set one key; stronger than every other source\n"
	       "  --json             print the plan, or the refusal, as JSON\n\n"
	       "Keys:\n");
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		printf("  %-14s %s\n  %-14s   %s\n", config_keys[i].name, config_keys[i].meaning,
			"", config_keys[i].values);
	printf("\nExit status:\n");
	for (const struct exit_meaning *row = exit_meanings; row->meaning; row++)
		printf("  %2d  %s\n", row->code, row->meaning);
}
