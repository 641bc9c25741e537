/* SPDX-License-Identifier: MIT */
/*
 * options — parses the command line of guest-installer, and prints --help.
 *
 * Keys that options set are kept as assignments. config_sources merges them.
 *
 * Tested by: tests/unit/test_config_sources.c, tests/build/manual.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/image_options.h"

#define OPTIONS_SET_MAX	    64
#define OPTIONS_SHORT_FORMS 10 /* how many options are short for --set */
#define OPTIONS_TEXT_BYTES  4096

enum command {
	COMMAND_INSTALL,
	COMMAND_PLAN,
	COMMAND_VERIFY,
	COMMAND_CHECK,
	COMMAND_IMAGE,
	COMMAND_HELP,
	COMMAND_VERSION,
};

struct options {
	enum command command;
	const char *
		operand; /* of verify a disk or image, of check a manifest, of image what is made */
	struct image_options image;	  /* of image */
	const char *embedded_path;	  /* of check: an area that is to be embedded in an ISO */
	const char *config_path;	  /* --config, or /etc/guest-installer.conf */
	bool config_given;		  /* by --config: the file must exist */
	const char *set[OPTIONS_SET_MAX]; /* --set key=value, in order */
	size_t set_count;
	char short_forms[OPTIONS_SHORT_FORMS]
			[OPTIONS_TEXT_BYTES]; /* assignments made of --disk and others */
	bool json;			      /* the plan as data */
	bool as_init; /* PID 1 of the lean ISO: wait for devices, mount the medium */
};

/* Sets what PID 1 does: install, with all defaults. */
void options_init(struct options *options);

/* -EINVAL with EXIT_CONFIGURATION for misuse. */
int options_parse(int argc, char **argv, struct options *ret, struct error *err) WARN_UNUSED;

/* The value that --set, or an option that is short for it, gives a key last; NULL for none. */
const char *options_find_set(const struct options *options, const char *key);

/* The text of --help, with every key of the configuration and every exit code. */
void options_print_help(void);
