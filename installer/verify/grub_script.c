/* SPDX-License-Identifier: MIT */
#include "verify/grub_script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_MAX 16
#define STEPS_MAX 10000 /* of commands: functions may call each other without end */

/* Whether commands run. */
enum mode {
	MODE_SKIP,
	MODE_RUN,
	MODE_MAYBE,
};

/* The keyword that ended a list of commands. */
enum terminator {
	TERM_END,
	TERM_THEN,
	TERM_ELIF,
	TERM_ELSE,
	TERM_FI,
};

static int run_list(struct grub_script *script, struct grub_cursor *cursor, enum mode mode,
	enum terminator *ret, struct error *err);

static int refuse_line(unsigned line, const char *reason, struct error *err)
{
	return error_set(err, -EINVAL, "grub.cfg line %u: %s.", line, reason);
}

/* -------------------------------------------------------- variables */

static struct grub_variable *find_grub_variable(const struct grub_script *script, const char *name)
{
	for (size_t i = 0; i < script->variable_count; i++)
		if (strcmp(script->variables[i].name, name) == 0)
			return (struct grub_variable *)&script->variables[i];
	return NULL;
}

static struct grub_variable *make_grub_variable(struct grub_script *script, const char *name)
{
	struct grub_variable *variable = find_grub_variable(script, name);

	if (variable || script->variable_count == GRUB_VARIABLES_MAX)
		return variable;
	variable = &script->variables[script->variable_count];
	memset(variable, 0, sizeof(*variable));
	if (text_copy(variable->name, sizeof(variable->name), name) < 0)
		return NULL;
	script->variable_count++;
	return variable;
}

int grub_script_set(struct grub_script *script, const char *name, const char *value, bool unknown,
	unsigned line, struct error *err)
{
	struct grub_variable *variable = make_grub_variable(script, name);

	if (!variable || strlen(value) >= sizeof(variable->value))
		return refuse_line(line, "it sets too many variables, or too long ones", err);
	if (script->maybe && !(variable->set && strcmp(variable->value, value) == 0))
		unknown = true;
	variable->set = true;
	variable->unknown = unknown;
	snprintf(variable->value, sizeof(variable->value), "%s", unknown ? "" : value);
	return 0;
}

void grub_script_unset(struct grub_script *script, const char *name)
{
	struct grub_variable *variable = find_grub_variable(script, name);

	if (!variable || !variable->set)
		return;
	variable->set = script->maybe;
	variable->unknown = script->maybe;
}

void grub_script_export(struct grub_script *script, const char *name)
{
	struct grub_variable *variable = make_grub_variable(script, name);

	if (variable)
		variable->exported = true;
}

void grub_script_open_context(struct grub_script *script)
{
	for (size_t i = 0; i < script->variable_count; i++)
		if (!script->variables[i].exported)
			script->variables[i].set = false;
}

const char *grub_script_get(const struct grub_script *script, const char *name, bool *ret_unknown)
{
	const struct grub_variable *variable = find_grub_variable(script, name);

	*ret_unknown = variable && variable->set && variable->unknown;
	return variable && variable->set ? variable->value : NULL;
}

/* Parameters ($1, $@, $?) belong to functions and entries, whose arguments are not tracked. */
static const char *look_up(const char *name, bool *ret_unknown, void *userdata)
{
	if (strchr("@*#?0123456789", name[0])) {
		*ret_unknown = true;
		return "";
	}
	return grub_script_get(userdata, name, ret_unknown);
}

/* -------------------------------------------------------- functions and assignments */

static int define_function(
	struct grub_script *script, const struct grub_command *command, struct error *err)
{
	struct grub_function *function;

	if (command->count != 2 || !command->has_block)
		return refuse_line(command->line, "the function is not understood", err);
	if (script->maybe)
		return refuse_line(command->line, "whether this function exists is not known", err);
	function = &script->functions[script->function_count];
	if (script->function_count == GRUB_FUNCTIONS_MAX ||
		text_copy(function->name, sizeof(function->name), command->words[1]) < 0)
		return refuse_line(command->line, "there are too many functions", err);
	function->body = command->block;
	script->function_count++;
	return 0;
}

/* The last definition counts. */
static const struct grub_function *find_function(const struct grub_script *script, const char *name)
{
	for (size_t i = script->function_count; i > 0; i--)
		if (strcmp(script->functions[i - 1].name, name) == 0)
			return &script->functions[i - 1];
	return NULL;
}

/* NAME=VALUE, with or without the word set before it. */
static int assign_word(struct grub_script *script, const struct grub_command *command, size_t word,
	struct error *err)
{
	const char *text = command->words[word], *equals = strchr(text, '=');
	char name[GRUB_NAME_BYTES];

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof(name))
		return refuse_line(command->line, "the assignment is not understood", err);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	script->status = GRUB_TRUE;
	return grub_script_set(
		script, name, equals + 1, command->unknown[word], command->line, err);
}

static int run_command(
	struct grub_script *script, const struct grub_command *command, struct error *err)
{
	const struct grub_function *function;
	const char *name = command->count ? command->words[0] : "";

	if (command->count == 0 && !command->has_block)
		return 0;
	if (command->count == 0 || command->unknown[0])
		return refuse_line(command->line, "the command is not known here", err);
	if (strcmp(name, "function") == 0 && command->plain)
		return define_function(script, command, err);
	if (strcmp(name, "set") == 0 && command->count > 1)
		return assign_word(script, command, 1, err);
	function = find_function(script, name);
	if (function)
		return grub_script_run(script, function->body, err);
	if (strchr(name, '='))
		return assign_word(script, command, 0, err);
	return script->run(script, command, script->userdata, err);
}

/* -------------------------------------------------------- conditions */

static int expect(enum terminator got, enum terminator wanted, unsigned line, struct error *err)
{
	return got == wanted ? 0 : refuse_line(line, "the if is not understood", err);
}

/* How a branch runs: in which mode the whole if does, whether an earlier branch was taken, and how
 * its own condition came out. */
static enum mode branch_mode(enum mode outer, enum grub_status taken, enum grub_status condition)
{
	if (outer == MODE_SKIP || taken == GRUB_TRUE || condition == GRUB_FALSE)
		return MODE_SKIP;
	return taken == GRUB_MAYBE || condition == GRUB_MAYBE ? MODE_MAYBE : outer;
}

/*
 * Runs an if behind its first word, up to and with its fi. Of branches whose conditions are known
 * one runs. Behind a condition that is not known every further branch runs as one that may not run.
 */
static int run_if(
	struct grub_script *script, struct grub_cursor *cursor, enum mode outer, struct error *err)
{
	enum grub_status taken = GRUB_FALSE, condition;
	enum terminator term = TERM_ELIF;
	unsigned line = cursor->line;
	int r = 0;

	while (r == 0 && term == TERM_ELIF) {
		r = run_list(script, cursor, branch_mode(outer, taken, GRUB_TRUE), &term, err);
		if (r == 0)
			r = expect(term, TERM_THEN, line, err);
		if (r < 0)
			break;
		condition = script->status;
		r = run_list(script, cursor, branch_mode(outer, taken, condition), &term, err);
		if (taken != GRUB_TRUE && condition != GRUB_FALSE)
			taken = taken == GRUB_MAYBE ? GRUB_MAYBE : condition;
	}
	if (r == 0 && term == TERM_ELSE)
		r = run_list(script, cursor, branch_mode(outer, taken, GRUB_TRUE), &term, err);
	if (r == 0)
		r = expect(term, TERM_FI, line, err);
	script->status = GRUB_MAYBE;
	return r;
}

/* -------------------------------------------------------- lists of commands */

static bool find_terminator(const struct grub_command *command, enum terminator *ret)
{
	static const struct {
		const char *word;
		enum terminator term;
	} words[] = {
		{ "then", TERM_THEN },
		{ "elif", TERM_ELIF },
		{ "else", TERM_ELSE },
		{ "fi", TERM_FI },
	};

	for (size_t i = 0; command->plain && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(command->words[0], words[i].word) == 0) {
			*ret = words[i].term;
			return true;
		}
	return false;
}

static bool is_word(const struct grub_command *command, const char *word)
{
	return command->plain && strcmp(command->words[0], word) == 0;
}

static bool is_loop(const struct grub_command *command)
{
	return is_word(command, "while") || is_word(command, "until") || is_word(command, "for") ||
	       is_word(command, "select") || is_word(command, "case");
}

static int run_one(struct grub_script *script, struct grub_cursor *cursor,
	const struct grub_command *command, enum mode mode, struct error *err)
{
	bool maybe = script->maybe;
	int r;

	if (is_word(command, "if"))
		return run_if(script, cursor, mode, err);
	if (is_loop(command))
		return refuse_line(command->line, "loops are not understood", err);
	if (mode == MODE_SKIP)
		return 0;
	script->maybe = maybe || mode == MODE_MAYBE;
	r = run_command(script, command, err);
	script->maybe = maybe;
	return r;
}

/* Up to a word that ends the list, or the end of the text. A command that fails inside GRUB ends
 * nothing: GRUB prints a message and goes on. */
static int run_list(struct grub_script *script, struct grub_cursor *cursor, enum mode mode,
	enum terminator *ret, struct error *err)
{
	AUTO_FREE struct grub_command *command = must_realloc(NULL, 1, sizeof(*command));
	enum grub_stop stop = GRUB_STOP_COMMAND;
	int r = 0;

	if (script->depth == DEPTH_MAX)
		return refuse_line(cursor->line, "it is nested too deeply", err);
	script->depth++;
	*ret = TERM_END;
	while (r == 0) {
		if (script->steps++ == STEPS_MAX)
			return refuse_line(cursor->line, "it runs too many commands", err);
		r = grub_words_read(
			cursor, mode == MODE_SKIP ? NULL : look_up, script, command, &stop, err);
		if (r < 0 || stop == GRUB_STOP_END)
			break;
		if (stop == GRUB_STOP_CLOSE)
			r = refuse_line(
				command->line, "a brace is closed that was not opened", err);
		else if (command->count && find_terminator(command, ret))
			break;
		else
			r = run_one(script, cursor, command, mode, err);
	}
	script->depth--;
	return r;
}

int grub_script_run(struct grub_script *script, struct grub_cursor text, struct error *err)
{
	enum terminator term;
	unsigned line = text.line;
	int r = run_list(script, &text, MODE_RUN, &term, err);

	if (r < 0)
		return r;
	return expect(term, TERM_END, line, err);
}
