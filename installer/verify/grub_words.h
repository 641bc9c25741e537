/* SPDX-License-Identifier: MIT */
/*
 * grub_words — splits GRUB script into commands and their words.
 *
 * Pure. Grammar: GRUB 2.06, grub-core/script/yylex.l and parser.y. GRUB manual, "Shell-like
 * scripting". It expands variables through a callback, finds the end of each `{ block }` and stops
 * after each keyword. It executes nothing: see grub_script.
 *
 * Tested by: tests/unit/test_grub_cfg.c, tests/loop/boot_menus.sh, tests/fuzz/grub_cfg.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define GRUB_WORDS_MAX	 256
#define GRUB_ARENA_BYTES 16384

/* A place in a script. Lines count from 1. */
struct grub_cursor {
	const char *at;
	const char *end;
	unsigned line;
};

enum grub_stop {
	GRUB_STOP_COMMAND, /* a command or a keyword was read */
	GRUB_STOP_CLOSE,   /* a closing brace stands where a command could begin */
	GRUB_STOP_END,	   /* the script ends */
};

struct grub_command {
	char arena[GRUB_ARENA_BYTES];
	size_t used;
	const char *words[GRUB_WORDS_MAX];
	bool unknown[GRUB_WORDS_MAX]; /* the word depends on a variable without a known value */
	size_t count;
	bool plain;		  /* the first word has no quotes and no variables */
	bool has_block;		  /* `{ … }` ends the command */
	struct grub_cursor block; /* its content */
	unsigned line;
};

/* The value of a variable; NULL if it is not set. *ret_unknown: set, but not to a known value. */
typedef const char *grub_lookup(const char *name, bool *ret_unknown, void *userdata);

/* Reads the next command. The keywords if, elif, then, else, while, until, for and do are returned
 * as commands of one word. lookup NULL: variables expand to nothing (for code that is skipped).
 * -EINVAL with a sentence that names the line. */
int grub_words_read(struct grub_cursor *cursor, grub_lookup *lookup, void *userdata,
	struct grub_command *ret, enum grub_stop *ret_stop, struct error *err) WARN_UNUSED;
