/* SPDX-License-Identifier: MIT */
#include "verify/grub_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 64

/* The word that is being read. */
struct word_state {
	struct grub_cursor *cursor;
	grub_lookup *lookup;
	void *userdata;
	struct grub_command *command;
	size_t start; /* in the arena */
	bool present; /* a word even if it is empty: it has quotes or characters */
	bool unknown; /* it contains a variable without a known value */
	bool literal; /* neither quotes, escapes nor variables so far */
	const char *failed;
};

static bool at_end(const struct grub_cursor *cursor)
{
	return cursor->at == cursor->end;
}

static int refuse_words(const struct grub_cursor *cursor, const char *reason, struct error *err)
{
	return error_set(err, -EINVAL, "grub.cfg line %u: %s.", cursor->line, reason);
}

static void put_char(struct word_state *word, char c)
{
	struct grub_command *command = word->command;

	word->present = true;
	if (command->used + 1 < sizeof(command->arena))
		command->arena[command->used++] = c;
	else
		word->failed = "the command is too long";
}

/* Takes one character, counting lines. */
static char take_char(struct grub_cursor *cursor)
{
	if (*cursor->at == '\n')
		cursor->line++;
	return *cursor->at++;
}

/* NAME, ${NAME}, or one of the parameters of a function or an entry, behind a "$". */
static bool take_variable_name(struct grub_cursor *cursor, char ret[NAME_BYTES])
{
	bool braces = !at_end(cursor) && *cursor->at == '{';
	size_t length = 0;
	const char *from;

	cursor->at += braces;
	for (from = cursor->at; !at_end(cursor); cursor->at++, length++)
		if (!isalnum((unsigned char)*cursor->at) && *cursor->at != '_' &&
			!(length == 0 && strchr("@*#?", *cursor->at)))
			break;
	if (length == 0 || length >= NAME_BYTES)
		return false;
	snprintf(ret, NAME_BYTES, "%.*s", (int)length, from);
	if (!braces)
		return true;
	return !at_end(cursor) && *cursor->at++ == '}';
}

/* A variable outside of quotes is split at blanks by GRUB, which is refused here. */
static void expand_variable(struct word_state *word, bool quoted)
{
	struct grub_cursor *cursor = word->cursor;
	bool unknown = false;
	char name[NAME_BYTES];
	const char *value;

	word->literal = false;
	cursor->at++;
	if (!at_end(cursor) && !quoted && strchr(" \t\n", *cursor->at))
		word->failed = "a dollar sign stands alone";
	if (!take_variable_name(cursor, name)) {
		word->failed = "a variable's name is not understood";
		return;
	}
	if (!word->lookup)
		return;
	value = word->lookup(name, &unknown, word->userdata);
	word->unknown = word->unknown || unknown;
	word->present = word->present || unknown;
	if (value && !quoted && strpbrk(value, " \t\n"))
		word->failed = "a variable whose value has blanks stands outside of quotes";
	for (; value && *value; value++)
		put_char(word, *value);
}

/* Single quotes keep everything; in double ones a backslash keeps $, ", \ and the line's end. */
static void take_quoted(struct word_state *word, char quote)
{
	struct grub_cursor *cursor = word->cursor;

	word->present = true;
	word->literal = false;
	cursor->at++;
	while (!at_end(cursor) && *cursor->at != quote) {
		if (quote == '"' && *cursor->at == '$') {
			expand_variable(word, true);
			if (word->failed)
				return;
			continue;
		}
		if (quote == '"' && *cursor->at == '\\' && cursor->at + 1 < cursor->end &&
			strchr("$\"\\\n", cursor->at[1])) {
			cursor->at++;
			if (*cursor->at == '\n') {
				take_char(cursor);
				continue;
			}
		}
		put_char(word, take_char(cursor));
	}
	if (at_end(cursor))
		word->failed = "a quote is not closed";
	else
		cursor->at++;
}

static void take_escaped(struct word_state *word)
{
	struct grub_cursor *cursor = word->cursor;

	word->literal = false;
	cursor->at++;
	if (at_end(cursor))
		return;
	if (*cursor->at == '\n')
		take_char(cursor);
	else
		put_char(word, take_char(cursor));
}

static bool ends_word(const struct grub_cursor *cursor)
{
	return at_end(cursor) || strchr(" \t\n;{}", *cursor->at);
}

static int read_word(struct word_state *word, struct error *err)
{
	struct grub_cursor *cursor = word->cursor;

	while (!ends_word(cursor) && !word->failed) {
		if (*cursor->at == '$')
			expand_variable(word, false);
		else if (*cursor->at == '\'' || *cursor->at == '"')
			take_quoted(word, *cursor->at);
		else if (*cursor->at == '\\')
			take_escaped(word);
		else if (strchr("<>|&", *cursor->at))
			word->failed = "redirections and pipes are not understood";
		else
			put_char(word, take_char(cursor));
	}
	return word->failed ? refuse_words(cursor, word->failed, err) : 0;
}

/* Ends the word in the arena and enters it in the command, if it is one. */
static int end_word(struct word_state *word, struct error *err)
{
	struct grub_command *command = word->command;

	if (!word->present)
		return 0;
	put_char(word, '\0');
	if (word->failed || command->count == GRUB_WORDS_MAX)
		return refuse_words(word->cursor, "the command is too long", err);
	if (command->count == 0)
		command->plain = word->literal;
	command->unknown[command->count] = word->unknown;
	command->words[command->count++] = command->arena + word->start;
	return 0;
}

static void skip_line(struct grub_cursor *cursor)
{
	while (!at_end(cursor) && *cursor->at != '\n')
		cursor->at++;
}

/* Blanks, and line ends that a backslash hides. */
static void skip_blanks(struct grub_cursor *cursor)
{
	while (!at_end(cursor)) {
		if (*cursor->at == ' ' || *cursor->at == '\t')
			cursor->at++;
		else if (*cursor->at == '\\' && cursor->at + 1 < cursor->end &&
			 cursor->at[1] == '\n') {
			cursor->at++;
			take_char(cursor);
		} else
			return;
	}
}

static void skip_separators(struct grub_cursor *cursor)
{
	for (;;) {
		skip_blanks(cursor);
		if (at_end(cursor))
			return;
		if (*cursor->at == '#')
			skip_line(cursor);
		else if (*cursor->at == '\n' || *cursor->at == ';')
			take_char(cursor);
		else
			return;
	}
}

/* Steps over a quoted text, an escaped character, ${NAME} or one other character. */
static void skip_piece(struct grub_cursor *cursor)
{
	char quote = *cursor->at;

	if (quote == '\\' && cursor->at + 1 < cursor->end) {
		cursor->at++;
	} else if (quote == '$' && cursor->at + 1 < cursor->end && cursor->at[1] == '{') {
		while (!at_end(cursor) && *cursor->at != '}')
			take_char(cursor);
	} else if (quote == '"' || quote == '\'') {
		cursor->at++;
		while (!at_end(cursor) && *cursor->at != quote) {
			if (quote == '"' && *cursor->at == '\\' && cursor->at + 1 < cursor->end)
				take_char(cursor);
			take_char(cursor);
		}
	}
	if (!at_end(cursor))
		take_char(cursor);
}

/* Finds the brace that closes a block. In: the cursor behind the opening brace. Out: the block's
 * content, the cursor behind the closing brace. Braces in quotes and comments do not count. */
static int read_block(struct grub_cursor *cursor, struct grub_cursor *ret, struct error *err)
{
	struct grub_cursor from = *cursor;
	bool fresh = true; /* a "#" here begins a comment */
	int depth = 1;

	while (!at_end(cursor)) {
		char c = *cursor->at;

		if (c == '#' && fresh) {
			skip_line(cursor);
			continue;
		}
		depth += (c == '{') - (c == '}');
		if (depth == 0) {
			*ret = from;
			ret->end = cursor->at++;
			return 0;
		}
		fresh = strchr(" \t\n;{}", c) != NULL;
		skip_piece(cursor);
	}
	return refuse_words(&from, "the brace that is opened here is not closed", err);
}

static bool is_keyword(const struct grub_command *command)
{
	static const char *const keywords[] = {
		"if",
		"elif",
		"then",
		"else",
		"while",
		"until",
		"for",
		"do",
		"select",
		"case",
	};

	for (size_t i = 0; command->plain && i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(command->words[0], keywords[i]) == 0)
			return true;
	return false;
}

/* One word, or nothing where its variables are empty. */
static int read_one(struct grub_cursor *cursor, grub_lookup *lookup, void *userdata,
	struct grub_command *command, struct error *err)
{
	struct word_state word = {
		.cursor = cursor,
		.lookup = lookup,
		.userdata = userdata,
		.command = command,
		.start = command->used,
		.literal = true,
	};
	int r = read_word(&word, err);

	if (r < 0)
		return r;
	return end_word(&word, err);
}

int grub_words_read(struct grub_cursor *cursor, grub_lookup *lookup, void *userdata,
	struct grub_command *ret, enum grub_stop *ret_stop, struct error *err)
{
	int r = 0;

	ret->used = 0;
	ret->count = 0;
	ret->has_block = false;
	ret->plain = false;
	skip_separators(cursor);
	ret->line = cursor->line;
	*ret_stop = at_end(cursor) ? GRUB_STOP_END : GRUB_STOP_COMMAND;
	if (!at_end(cursor) && *cursor->at == '}') {
		cursor->at++;
		*ret_stop = GRUB_STOP_CLOSE;
	}
	while (*ret_stop == GRUB_STOP_COMMAND && r == 0) {
		skip_blanks(cursor);
		if (at_end(cursor) || strchr("\n;}", *cursor->at) || *cursor->at == '#')
			break;
		if (*cursor->at == '{') {
			cursor->at++;
			ret->has_block = true;
			return read_block(cursor, &ret->block, err);
		}
		r = read_one(cursor, lookup, userdata, ret, err);
		if (r == 0 && ret->count == 1 && is_keyword(ret))
			break;
	}
	return r;
}
