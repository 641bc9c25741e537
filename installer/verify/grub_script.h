/* SPDX-License-Identifier: MIT */
/*
 * grub_script — runs a GRUB script without GRUB: variables, conditions and functions.
 *
 * Pure. Grammar and semantics: GRUB 2.06, grub-core/script/execute.c. The caller's callback carries
 * out the commands. A condition whose outcome is not known here runs both branches: what they set
 * has no known value afterwards. Loops are refused. See grub_commands for the commands.
 *
 * Tested by: tests/unit/test_grub_cfg.c, tests/loop/boot_menus.sh, tests/fuzz/grub_cfg.c.
 */
#pragma once

#include "verify/grub_words.h"

#define GRUB_VARIABLES_MAX 64
#define GRUB_FUNCTIONS_MAX 16
#define GRUB_NAME_BYTES	   64
#define GRUB_VALUE_BYTES   512

enum grub_status {
	GRUB_FALSE,
	GRUB_TRUE,
	GRUB_MAYBE,
};

struct grub_variable {
	char name[GRUB_NAME_BYTES];
	char value[GRUB_VALUE_BYTES];
	bool set;
	bool unknown;
	bool exported; /* a submenu sees it */
};

struct grub_function {
	char name[GRUB_NAME_BYTES];
	struct grub_cursor body;
};

struct grub_script {
	struct grub_variable variables[GRUB_VARIABLES_MAX];
	size_t variable_count;
	struct grub_function functions[GRUB_FUNCTIONS_MAX];
	size_t function_count;
	enum grub_status status; /* of the last command */
	bool maybe;		 /* in a branch that may not run */
	int depth;
	unsigned steps; /* commands read so far */

	/* Carries out a command that is neither an assignment nor a function, and sets the status.
	 * -EINVAL with a sentence where it is not understood. */
	int (*run)(struct grub_script *script, const struct grub_command *command, void *userdata,
		struct error *err);
	void *userdata;
};

/* Runs all commands of a text. */
int grub_script_run(
	struct grub_script *script, struct grub_cursor text, struct error *err) WARN_UNUSED;

/* Sets a variable as the command set does. In a branch that may not run, a variable that had
 * another value has no known one afterwards. line is for the sentence. */
int grub_script_set(struct grub_script *script, const char *name, const char *value, bool unknown,
	unsigned line, struct error *err) WARN_UNUSED;

void grub_script_unset(struct grub_script *script, const char *name);
void grub_script_export(struct grub_script *script, const char *name);

/* A submenu begins: only exported variables remain set. */
void grub_script_open_context(struct grub_script *script);

/* NULL if it is not set. *ret_unknown: set, but not to a known value. */
const char *grub_script_get(const struct grub_script *script, const char *name, bool *ret_unknown);
